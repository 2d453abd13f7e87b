#include <hindsight/impl/thread_pool.ipp>

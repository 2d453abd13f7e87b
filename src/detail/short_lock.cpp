#include <hindsight/impl/detail/short_lock.ipp>

#include <hindsight/impl/detail/native_thread.ipp>

#include <hindsight/impl/detail/record_log.ipp>

#include <hindsight/impl/detail/watchdog.ipp>

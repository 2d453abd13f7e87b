#include <hindsight/impl/detail/wall_clock.ipp>

#include <hindsight/impl/clock.ipp>

#include <hindsight/impl/detail/parking.ipp>

#include <hindsight/impl/detail/reading.ipp>

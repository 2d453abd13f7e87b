#include <hindsight/impl/detail/envelope.ipp>

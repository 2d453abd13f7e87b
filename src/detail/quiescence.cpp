#include <hindsight/impl/detail/quiescence.ipp>

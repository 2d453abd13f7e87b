#include <hindsight/impl/detail/hold_back.ipp>

#include <hindsight/impl/detail/fence.ipp>

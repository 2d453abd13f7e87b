#include <hindsight/impl/detail/registry.ipp>

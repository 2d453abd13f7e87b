#include <hindsight/impl/detail/registry.ipp>
#include <hindsight/impl/detail/registry_scopes.ipp>

#include <hindsight/impl/detail/observer_types.ipp>

#include <hindsight/impl/default_bus.ipp>

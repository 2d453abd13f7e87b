#include <hindsight/impl/event_bus.ipp>

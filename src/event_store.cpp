#include <hindsight/impl/event_store.ipp>

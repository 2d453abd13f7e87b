#include <hindsight/impl/detail/event_owners.ipp>

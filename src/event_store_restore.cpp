#include <hindsight/impl/event_store_restore.ipp>

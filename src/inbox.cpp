#include <hindsight/impl/inbox.ipp>

#include <hindsight/impl/detail/mailbox.ipp>

#include <hindsight/impl/subscription.ipp>

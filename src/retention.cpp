#include <hindsight/impl/retention.ipp>

#include <hindsight/impl/detail/retention_rule.ipp>

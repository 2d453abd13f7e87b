#include <hindsight/impl/detail/name_rules.ipp>

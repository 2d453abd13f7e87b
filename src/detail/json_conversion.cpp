#include <hindsight/impl/detail/json_conversion.ipp>

#include <hindsight/impl/detail/json_scalars.ipp>

#include <hindsight/impl/detail/name_index.ipp>

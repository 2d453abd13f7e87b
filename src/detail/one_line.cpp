#include <hindsight/impl/detail/one_line.ipp>

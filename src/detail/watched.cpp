#include <hindsight/impl/detail/watched.ipp>

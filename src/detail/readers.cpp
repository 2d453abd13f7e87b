#include <hindsight/impl/detail/readers.ipp>

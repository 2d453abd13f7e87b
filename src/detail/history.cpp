#include <hindsight/impl/detail/history.ipp>

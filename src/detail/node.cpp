#include <hindsight/impl/detail/node.ipp>

#include <hindsight/impl/format.ipp>

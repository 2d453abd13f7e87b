#include <hindsight/impl/pattern.ipp>

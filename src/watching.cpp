#include <hindsight/impl/watching.ipp>

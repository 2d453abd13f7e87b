#include <hindsight/impl/replaying.ipp>

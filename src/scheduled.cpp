#include <hindsight/impl/scheduled.ipp>

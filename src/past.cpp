#include <hindsight/impl/past.ipp>

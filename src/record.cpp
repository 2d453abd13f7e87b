#include <hindsight/impl/record.ipp>

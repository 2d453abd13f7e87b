#include <hindsight/impl/format_statistics.ipp>

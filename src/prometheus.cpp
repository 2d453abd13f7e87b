#include <hindsight/impl/prometheus.ipp>

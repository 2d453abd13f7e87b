#include <hindsight/impl/export_trace.ipp>

#include <hindsight/impl/spdlog.ipp>

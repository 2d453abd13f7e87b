#include <hindsight/impl/detail/long_run.ipp>

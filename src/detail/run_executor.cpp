#include <hindsight/impl/detail/run_executor.ipp>

#include <hindsight/impl/executor.ipp>

#include <hindsight/impl/detail/time_recorder.ipp>

#include <hindsight/impl/detail/timetable.ipp>

// expect: static.assert(ion)? failed.*two enumerators of this enumeration have the same event name
#include <hindsight/hindsight.hpp>

#include <boost/describe/enum.hpp>

enum class Kind { task_done, TaskDone };
BOOST_DESCRIBE_ENUM(Kind, task_done, TaskDone)
template <>
struct hindsight::EventTraits<Kind> : hindsight::EnumeratedEvents<Kind> {};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Kind::task_done);
}

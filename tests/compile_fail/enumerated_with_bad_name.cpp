// expect: static.assert(ion)? failed.*this enumerator has no valid event name
#include <hindsight/hindsight.hpp>

#include <boost/describe/enum.hpp>

enum class Kind { task_done };
BOOST_DESCRIBE_ENUM(Kind, task_done)
template <>
struct hindsight::EventTraits<Kind> : hindsight::EnumeratedEvents<Kind> {
    static constexpr std::string_view chosen_name(Kind) { return "task..done"; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Kind::task_done);
}

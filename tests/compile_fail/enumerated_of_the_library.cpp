// expect: static.assert(ion)? failed.*event names that begin with "?.?"?hindsight
#include <hindsight/hindsight.hpp>

#include <boost/describe/enum.hpp>

enum class Kind { hindsight_done };
BOOST_DESCRIBE_ENUM(Kind, hindsight_done)
template <>
struct hindsight::EventTraits<Kind> : hindsight::EnumeratedEvents<Kind> {};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Kind::hindsight_done);
}

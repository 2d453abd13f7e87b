// expect: static.assert(ion)? failed.*this event has no valid name
#include <hindsight/hindsight.hpp>

#include <string_view>

struct Tick {
    static constexpr std::string_view event_name = "two..dots";
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

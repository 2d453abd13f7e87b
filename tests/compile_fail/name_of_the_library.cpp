// expect: static.assert(ion)? failed.*names that begin with .*hindsight.* are the library's
#include <hindsight/hindsight.hpp>

#include <string_view>

struct Tick {
    static constexpr std::string_view event_name = "hindsight.tick";
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

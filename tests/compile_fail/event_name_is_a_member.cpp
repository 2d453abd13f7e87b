// expect: static.assert(ion)? failed.*this event has no valid name
#include <hindsight/hindsight.hpp>

#include <string>

struct Tick {
    std::string event_name = "test.tick";
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

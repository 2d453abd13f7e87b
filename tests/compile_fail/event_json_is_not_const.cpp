// expect: static.assert(ion)? failed.*hindsight: event_json must be a const member function
#include <hindsight/hindsight.hpp>

#include <string>

struct Tick {
    std::string event_json() { return "{}"; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

// expect: static.assert(ion)? failed.*hindsight: event_json must be a const member function that returns text
#include <hindsight/hindsight.hpp>

struct Tick {
    int event_json() const { return 0; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

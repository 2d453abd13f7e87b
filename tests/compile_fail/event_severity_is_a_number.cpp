// expect: static.assert(ion)? failed.*hindsight: event_severity must be
#include <hindsight/hindsight.hpp>

struct Tick {
    static constexpr int event_severity = 3;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

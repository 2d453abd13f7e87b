// expect: static.assert(ion)? failed.*hindsight: event_severity must be
#include <hindsight/hindsight.hpp>

struct Tick {
    hindsight::Severity event_severity = hindsight::Severity::error;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

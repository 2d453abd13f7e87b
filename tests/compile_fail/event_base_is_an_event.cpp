// expect: static.assert(ion)? failed.*this event_base is an event itself, so it has to say that it is a base, too
#include <hindsight/hindsight.hpp>

struct Failure {};
struct DiskFailure : Failure {
    using event_base = Failure;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(DiskFailure{});
}

// expect: static.assert(ion)? failed.*this event has no valid name
#include <hindsight/hindsight.hpp>

namespace {
struct Hidden {};
}  // namespace

void misuse(hindsight::EventBus& bus) {
    bus.emit(Hidden{});
}

// expect: static.assert(ion)? failed.*hindsight: an event must be movable
#include <hindsight/hindsight.hpp>

struct Tick {
    Tick() = default;
    Tick(const Tick&) = delete;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

// expect: static.assert(ion)? failed.*hindsight: a pointer is no event
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus, Tick* tick) {
    bus.emit(tick);
}

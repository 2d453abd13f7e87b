// expect: static.assert(ion)? failed.*hindsight: a number is no event
#include <hindsight/hindsight.hpp>

void misuse(hindsight::EventBus& bus) {
    bus.emit(42);
}

// expect: static.assert(ion)? failed.*hindsight: a pointer is no event
#include <hindsight/hindsight.hpp>

#include <memory>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.emit(std::make_shared<Tick>());
}

// expect: static.assert(ion)? failed.*hindsight: subscribe.handler.: to which events
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe([](const Tick&) {}, {.name = "ticks"});
}

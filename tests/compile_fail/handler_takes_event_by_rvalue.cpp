// expect: static.assert(ion)? failed.*events are shared, so it cannot take E& or E&&
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe<Tick>([](Tick&&) {});
}

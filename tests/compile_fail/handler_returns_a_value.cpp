// expect: static.assert(ion)? failed.*the handler must return void
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe<Tick>([](const Tick&) { return 1; });
}

// expect: static.assert(ion)? failed.*the handler must be callable with
#include <hindsight/hindsight.hpp>

struct Tick {};
struct Tock {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe<Tick>([](const Tock&) {});
}

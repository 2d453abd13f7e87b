// expect: static.assert(ion)? failed.*middleware must return void; to refuse an event call draft.veto
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto middleware = bus.use<Tick>([](const Tick&) { return false; });
}

// expect: static.assert(ion)? failed.*the middleware must be callable with .E&, DraftView&.
#include <hindsight/hindsight.hpp>

struct Tick {};
struct Tock {};

void misuse(hindsight::EventBus& bus) {
    auto middleware = bus.use<Tick>([](Tock&, hindsight::DraftView&) {});
}

// expect: static.assert(ion)? failed.*a subscription is either to a type or to a name
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe<Tick>("tick", [](const Tick&) {});
}

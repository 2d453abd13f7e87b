// expect: static.assert(ion)? failed.*the handler of a name or pattern must be callable with \(const Record&\)
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe("tick", [](const Tick&) {});
}

// expect: static.assert(ion)? failed.*hindsight: .*EventTraits::to_json
#include <hindsight/hindsight.hpp>

struct Tick {};

template <>
struct hindsight::EventTraits<Tick> : hindsight::DefaultEventTraits<Tick> {
    static int to_json(const Tick&) { return 0; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}

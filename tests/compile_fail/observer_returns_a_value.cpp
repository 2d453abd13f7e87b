// expect: static.assert(ion)? failed.*on_event must return void
#include <hindsight/hindsight.hpp>

struct Tick {};
struct Observer {
    int on_event(const Tick&) { return 1; }
};

void misuse(hindsight::EventBus& bus, Observer& observer) {
    auto subscription = bus.attach<Tick>(observer);
}

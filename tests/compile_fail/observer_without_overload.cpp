// expect: static.assert(ion)? failed.*the observer needs a public on_event
#include <hindsight/hindsight.hpp>

struct Tick {};
struct Tock {};
struct Observer {
    void on_event(const Tock&) {}
};

void misuse(hindsight::EventBus& bus, Observer& observer) {
    auto subscription = bus.attach<Tick>(observer);
}

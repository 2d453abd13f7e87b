// expect: static.assert(ion)? failed.*attach\(observer\): to which events
#include <hindsight/hindsight.hpp>

struct Tick {};
struct Observer {
    void on_event(const Tick&) {}
};

void misuse(hindsight::EventBus& bus, Observer& observer) {
    auto subscription = bus.attach(observer);
}

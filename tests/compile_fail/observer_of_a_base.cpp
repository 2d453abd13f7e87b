// expect: static.assert(ion)? failed.*an observer takes events by their own types, and this is a base of events
#include <hindsight/hindsight.hpp>

struct Shape {
    virtual double area() const = 0;
};
struct Observer {
    void on_event(const Shape&) {}
};

void misuse(hindsight::EventBus& bus, Observer& observer) {
    auto subscription = bus.attach<Shape>(observer);
}

// expect: static.assert(ion)? failed.*middleware is for types of events, and this is a base of events
#include <hindsight/hindsight.hpp>

struct Shape {
    virtual double area() const = 0;
};

void misuse(hindsight::EventBus& bus) {
    auto middleware = bus.use<Shape>([](const Shape&) {});
}

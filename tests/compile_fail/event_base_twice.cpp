// expect: static.assert(ion)? failed.*event_base must be a public base of the event, and its only one of that class
#include <hindsight/hindsight.hpp>

struct Shape {
    using event_base = Shape;
    virtual double area() const = 0;
};
struct Round : Shape {};
struct Flat : Shape {};
struct Disc : Round, Flat {
    static constexpr std::string_view event_name = "shape.disc";
    using event_base = Shape;
    double area() const override { return 1; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Disc{});
}

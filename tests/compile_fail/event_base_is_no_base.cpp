// expect: static.assert(ion)? failed.*event_base names a class that this event does not derive from
#include <hindsight/hindsight.hpp>

struct Shape {
    virtual double area() const = 0;
};
struct Square {
    static constexpr std::string_view event_name = "shape.square";
    using event_base = Shape;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Square{});
}

// expect: static.assert(ion)? failed.*emit_every emits copies, and this event type cannot be copied
#include <hindsight/hindsight.hpp>

#include <chrono>
#include <memory>

struct Parcel {
    std::unique_ptr<int> content;
};

void misuse(hindsight::EventBus& bus) {
    auto every = bus.emit_every(std::chrono::seconds(1), Parcel{});
}

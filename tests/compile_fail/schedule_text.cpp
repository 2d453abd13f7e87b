// expect: static.assert(ion)? failed.*text is no event
#include <hindsight/hindsight.hpp>

#include <chrono>

void misuse(hindsight::EventBus& bus) {
    auto scheduled = bus.emit_after(std::chrono::seconds(1), "task.done");
}

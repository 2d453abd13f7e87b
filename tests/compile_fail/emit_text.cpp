// expect: static.assert(ion)? failed.*hindsight: text is no event
#include <hindsight/hindsight.hpp>

void misuse(hindsight::EventBus& bus) {
    bus.emit("task.completed");
}

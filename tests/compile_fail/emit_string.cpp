// expect: static.assert(ion)? failed.*hindsight: text is no event
#include <hindsight/hindsight.hpp>

#include <string>

void misuse(hindsight::EventBus& bus) {
    bus.emit(std::string("task.completed"));
}

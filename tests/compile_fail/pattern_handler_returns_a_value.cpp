// expect: static.assert(ion)? failed.*the handler must return void
#include <hindsight/hindsight.hpp>

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe("task.*", [](const hindsight::Record&) { return 1; });
}

// expect: ignoring return(ed)? value.*nodiscard
#include <hindsight/hindsight.hpp>

#pragma GCC diagnostic error "-Wunused-result"

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.subscribe<Tick>([](const Tick&) {});
}

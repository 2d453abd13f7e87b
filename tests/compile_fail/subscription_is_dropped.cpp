// expect: ignoring return(ed)? value.*nodiscard.*(ends at once|Wunused-result)
#include <hindsight/hindsight.hpp>

#pragma GCC diagnostic error "-Wunused-result"

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.subscribe<Tick>([](const Tick&) {});
}

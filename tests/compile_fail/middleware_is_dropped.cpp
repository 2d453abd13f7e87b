// expect: ignoring return(ed)? value.*nodiscard.*(removed at once|Wunused-result)
#include <hindsight/hindsight.hpp>

#pragma GCC diagnostic error "-Wunused-result"

void misuse(hindsight::EventBus& bus) {
    bus.use([](hindsight::DraftView&) {});
}

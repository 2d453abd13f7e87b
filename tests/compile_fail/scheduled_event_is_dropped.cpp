// expect: ignoring return(ed)? value.*nodiscard.*(cancelled at once|Wunused-result)
// flags: -Werror=unused-result
#include <hindsight/hindsight.hpp>

#include <chrono>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.emit_after(std::chrono::seconds(1), Tick{});
}

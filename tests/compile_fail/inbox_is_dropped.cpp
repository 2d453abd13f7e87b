// expect: the inbox ends at once
// flags: -Werror=unused-result
#include <hindsight/hindsight.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.inbox<Tick>();
}

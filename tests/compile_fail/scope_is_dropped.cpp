// expect: (ignoring|ignored).*(ends at once|Wunused-result)
#include <hindsight/hindsight.hpp>

#pragma GCC diagnostic error "-Wunused-result"

void misuse(hindsight::EventBus& bus) {
    bus.scope("provider.anthropic");
}

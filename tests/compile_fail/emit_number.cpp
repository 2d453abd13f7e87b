// expect: no matching (member )?function.*emit
#include <hindsight/hindsight.hpp>

void misuse(hindsight::EventBus& bus) {
    bus.emit(42);
}

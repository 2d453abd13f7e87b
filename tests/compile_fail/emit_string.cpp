// expect: no matching (member )?function.*emit
#include <hindsight/hindsight.hpp>

#include <string>

void misuse(hindsight::EventBus& bus) {
    bus.emit(std::string("task.completed"));
}

// expect: what replies must return an event
#include <hindsight/hindsight.hpp>
#include <hindsight/request.hpp>

struct Question {};

void misuse(hindsight::EventBus& bus) {
    bus.reply<Question>([](const Question&) { return 42; }).detach();
}

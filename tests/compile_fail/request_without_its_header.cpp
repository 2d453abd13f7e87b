// expect: request\(\) needs #include <hindsight/request.hpp>
#include <hindsight/hindsight.hpp>

struct Question {};
struct Reply {};

void misuse(hindsight::EventBus& bus) {
    (void)bus.request<Reply>(Question{}, std::chrono::seconds(1));
}

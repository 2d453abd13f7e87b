// expect: the request is given up at once unless it is kept
// flags: -Werror=unused-result
#include <hindsight/hindsight.hpp>
#include <hindsight/request.hpp>

struct Question {};
struct Reply {};

void misuse(hindsight::EventBus& bus) {
    bus.request<Reply>(Question{}, std::chrono::seconds(1));
}

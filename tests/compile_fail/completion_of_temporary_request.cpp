// expect: (use of|call to) deleted function.*completion
#include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

struct Question {};
struct Reply {};

boost::asio::awaitable<void> misuse(hindsight::EventBus* bus) {
    co_await hindsight::completion(bus->request<Reply>(Question{}, std::chrono::seconds(1)));
}

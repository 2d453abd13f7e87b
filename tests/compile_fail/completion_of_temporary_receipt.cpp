// expect: deleted function.*completion
#include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

struct Tick {};

boost::asio::awaitable<void> misuse(hindsight::EventBus* bus) {
    co_await hindsight::completion(bus->emit(Tick{}));
}

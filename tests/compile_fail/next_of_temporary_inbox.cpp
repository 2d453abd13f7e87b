// expect: deleted (member )?function.*next
#include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

struct Tick {};

boost::asio::awaitable<void> misuse(hindsight::EventBus* bus) {
    co_await bus->inbox<Tick>().next();
}

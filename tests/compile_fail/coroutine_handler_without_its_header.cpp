// expect: boost::asio::awaitable<void>, with #include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

#include <boost/asio/awaitable.hpp>

struct Tick {};

void misuse(hindsight::EventBus& bus) {
    bus.subscribe<Tick>([](const Tick&) -> boost::asio::awaitable<void> { co_return; }).detach();
}

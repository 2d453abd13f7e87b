// Coroutines of Boost.Asio: one that reads an inbox, and one that handles events; neither blocks a thread while it
// waits.
#include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <chrono>
#include <string_view>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Measured {
    static constexpr std::string_view event_name = "sensor.measured";
    int value;
};

struct Smoothed {
    static constexpr std::string_view event_name = "sensor.smoothed";
    int value;
};

/// A handler: the next event comes when this one is done with. What it emits has the event as its cause, although it
/// may have gone on on another thread.
asio::awaitable<void> smooth(hindsight::EventBus& bus, const Measured& measured) {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
    co_await timer.async_wait(asio::use_awaitable);
    bus.emit(Smoothed{measured.value / 10 * 10});
}

/// A reader: has a name for the inbox, and for the receipt that it waits for.
asio::awaitable<void> read(hindsight::EventBus& bus, hindsight::Inbox<Smoothed>& inbox) {
    for (const int value : {17, 23, 38}) {
        const hindsight::Receipt receipt = bus.emit(Measured{value});
        co_await hindsight::completion(receipt);
    }
    while (const auto event = co_await inbox.next(100ms)) {
        fmt::print("{}, caused by event {}\n", (*event)->value, event->cause());
    }
    fmt::print("nothing for a while\n");
}

int main() {
    hindsight::EventBus bus;
    const auto smoothing = bus.subscribe<Measured>([&bus](const Measured& measured) { return smooth(bus, measured); });
    auto smoothed = bus.inbox<Smoothed>();

    asio::io_context context;
    asio::co_spawn(context, read(bus, smoothed), asio::detached);
    context.run();
}

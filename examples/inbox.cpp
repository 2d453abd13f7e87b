// An inbox: events that are read when there is time for them, instead of being handled when they come.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int number;
    std::string item;
};

struct OrderShipped {
    static constexpr std::string_view event_name = "order.shipped";
    int number;
};

int main() {
    hindsight::EventBus bus;
    auto orders = bus.inbox<OrderPlaced>();

    // A worker takes one order after the other; nothing is lost between two of them. The end of the bus ends it, too.
    std::thread worker([&] {
        while (const auto order = orders.next_for(1h)) {
            bus.emit(OrderShipped{(*order)->number}, {.source = "worker", .cause = order->seq()});
        }
    });

    auto shipped = bus.inbox<OrderShipped>();
    for (int number = 1; number <= 3; ++number) bus.emit(OrderPlaced{number, "a lamp"});
    for (int i = 0; i < 3; ++i) {
        if (const auto event = shipped.next_for(10s)) fmt::print("order {} is on its way\n", (*event)->number);
    }

    // All that a pattern is for, and some of the past first.
    auto everything = bus.inbox("order.*", {.replay = hindsight::Replay::last(2)});
    fmt::print("the last two: {}\n", everything.drain().size());

    // Nobody waits for readers: what is unread when the bus shuts down can still be read.
    bus.emit(OrderShipped{4});
    bus.shutdown(5s);
    worker.join();
    while (const auto event = shipped.try_next()) fmt::print("order {} was the last\n", (*event)->number);
    fmt::print("more to come: {}, missed: {}\n", shipped.connected(), shipped.missed());
}

// The end of a bus: what is queued is still handled, and what could not be is reported.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <latch>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int number;
};

void drain() {
    hindsight::EventBus bus{{.pool = {.threads = 2}}};
    // Handlers that are being drained may still emit.
    auto orders = bus.subscribe<OrderPlaced>([&bus](const OrderPlaced& order) {
        bus.emit(hindsight::NamedEvent{"invoice.sent"}, {.key = std::to_string(order.number)});
    });
    auto invoices = bus.subscribe("invoice.sent", [](const hindsight::Record& record) {
        fmt::print("  {} for order {}\n", record.name(), record.key());
    });
    for (int i = 1; i <= 3; ++i) bus.emit(OrderPlaced{i});

    const hindsight::ShutdownReport report = bus.shutdown(5s);
    fmt::print("  drained: {}, undelivered: {}\n", report.drained, report.undelivered);
    fmt::print("  a late order is {}\n", bus.emit(OrderPlaced{4}) ? "taken" : "refused");
    fmt::print("  still in the history: {} events\n", bus.history().size());
}

void give_up() {
    std::latch started(1), released(1);
    hindsight::EventBus bus{{.pool = {.threads = 1}}};
    auto stuck = bus.subscribe<OrderPlaced>(
        [&](const OrderPlaced&) {
            started.count_down();
            released.wait();
        },
        {.name = "a handler that hangs"});
    for (int i = 1; i <= 3; ++i) bus.emit(OrderPlaced{i});
    started.wait();

    const hindsight::ShutdownReport report = bus.shutdown(10ms);
    for (const auto& each : report.by_subscription) fmt::print("  {}: {} undelivered\n", each.name, each.events);
    released.count_down();  // the bus's destructor waits for handlers that run
}

int main() {
    fmt::print("with time enough\n");
    drain();
    fmt::print("with a handler that hangs\n");
    give_up();
}

// What has happened, for tools that show it: a trace, a sequence diagram and a graph of the same events.
#include <hindsight/delivery_log.hpp>
#include <hindsight/export.hpp>
#include <hindsight/hindsight.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    std::string item;
};

struct OrderShipped {
    static constexpr std::string_view event_name = "order.shipped";
    std::string item;
};

struct OrderRefused {
    static constexpr std::string_view event_name = "order.refused";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::warning;
    std::string item;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();  // so that the output is always the same
    const auto deliveries = std::make_shared<hindsight::DeliveryLog>();
    hindsight::SingleThreadedBus bus{{.clock = clock, .deliveries = deliveries}};

    // Events that are emitted inside a handler have the event that it handles as their cause.
    auto packing = bus.subscribe<OrderPlaced>(
        [&](const OrderPlaced& order) {
            clock->advance(250us);
            if (order.item == "unicorn") {
                bus.emit(OrderRefused{order.item}, {.source = "warehouse"});
            } else {
                bus.emit(OrderShipped{order.item}, {.source = "warehouse"});
            }
        },
        {.name = "packing"});
    auto invoicing =
        bus.subscribe<OrderShipped>([&](const OrderShipped&) { clock->advance(90us); }, {.name = "invoicing"});

    for (const char* item : {"book", "unicorn"}) {
        bus.emit(OrderPlaced{item}, {.source = "shop"});
        bus.run_pending();
    }

    const std::vector<hindsight::Record> records = bus.history().query();
    std::cout << "A sequence diagram for Mermaid:\n";
    hindsight::write_mermaid(std::cout, records);
    std::cout << "\nA graph for Graphviz:\n";
    hindsight::write_graphviz(std::cout, records);

    // The trace goes to a file that https://ui.perfetto.dev opens; here only its slices are shown.
    std::stringstream trace;
    hindsight::write_trace(trace, records, deliveries->runs());
    std::cout << "\nSlices of the trace:\n";
    for (std::string line; std::getline(trace, line);) {
        if (line.starts_with("{\"ph\":\"X\"")) std::cout << line.substr(0, line.find(",\"args\"")) << "\n";
    }
}

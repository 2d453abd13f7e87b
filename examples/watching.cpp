// A bus that watches itself: how long things take, who keeps failing, what nobody handles; and metrics for Prometheus.
#include <hindsight/hindsight.hpp>
#include <hindsight/prometheus.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int number;
};

int main() {
    // A clock that the program moves gives the same times each time.
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::EventBus bus{{.pool = {.threads = 0},
                             .clock = clock,
                             .on_error = [](const hindsight::HandlerError&) {},
                             .watch = {.times = true, .unhandled = true}}};
    auto unhandled = bus.subscribe<hindsight::UnhandledEvent>(
        [](const hindsight::UnhandledEvent& event) { fmt::print("nobody handles {}\n", event.record.name()); });
    auto quarantined =
        bus.subscribe<hindsight::SubscriptionQuarantined>([](const hindsight::SubscriptionQuarantined& event) {
            fmt::print("{} is left out after {} failures: {}\n", event.subscription, event.failures, event.last_error);
        });
    auto booking =
        bus.subscribe<OrderPlaced>([&](const OrderPlaced& e) { clock->advance(e.number * 1ms); }, {.name = "booking"});
    auto mailing = bus.subscribe<OrderPlaced>([](const OrderPlaced&) { throw std::runtime_error("no mail server"); },
                                              {.name = "mailing", .quarantine = {{.failures = 3, .window = 1min}}});

    for (int number = 1; number <= 100; ++number) {
        bus.emit(OrderPlaced{number});
        bus.run_pending();
    }
    bus.emit(hindsight::NamedEvent{"order.lost"});
    bus.run_pending();

    const hindsight::TimeStatistics run = booking.stats().run;
    fmt::print("booking ran {} times, half of them in {} ms, all in {} ms\n", run.count, run.p50 / 1ms, run.max / 1ms);
    fmt::print("mailing: {} failed, {} skipped\n", mailing.stats().failed, mailing.stats().skipped);

    std::istringstream metrics(hindsight::to_prometheus(bus.stats()));
    for (std::string line; std::getline(metrics, line);) {
        const bool is_bucket = line.find("_bucket") != line.npos;
        if (line.find("order.placed") != line.npos && line.find("event_") != line.npos && !is_bucket)
            fmt::print("{}\n", line);
    }
}

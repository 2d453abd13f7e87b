// A watchdog: a handler that takes too long is told of while it still runs.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <future>
#include <string_view>

using namespace std::chrono_literals;

struct UploadRequested {
    static constexpr std::string_view event_name = "upload.requested";
    int number;
};

int main() {
    // For all handlers of the bus; a subscription may have a threshold of its own.
    hindsight::EventBus bus{{.watch = {.slow_after = 10s}}};
    std::promise<void> told;

    // Direct, so that it needs no thread of the pool: the slow handler may be holding it.
    auto slow = bus.subscribe<hindsight::SlowHandler>(
        [&](const hindsight::SlowHandler& event) {
            if (event.told > 1) return;  // it is told again each time that the run has taken twice as long
            fmt::print("{} is still busy with #{}\n", event.subscription, event.record.seq());
            told.set_value();
        },
        {.delivery = hindsight::Delivery::direct});

    auto uploading = bus.subscribe<UploadRequested>(
        [&](const UploadRequested& upload) {
            if (upload.number == 2) told.get_future().wait();  // a network that hangs
            fmt::print("uploaded {}\n", upload.number);
        },
        {.name = "uploading", .slow_after = 200ms});

    for (int number = 1; number <= 3; ++number) bus.emit(UploadRequested{number});
    bus.shutdown(10s);
    fmt::print("{} slow run\n", bus.stats().slow);
}

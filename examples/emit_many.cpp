// Many events in one go: they stay together, and are waited for with one receipt.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct Measured {
    static constexpr std::string_view event_name = "sensor.measured";
    std::string sensor;
    double celsius = 0;
    static constexpr auto event_key = &Measured::sensor;
};

int main() {
    hindsight::EventBus bus;
    double sum = 0;
    const auto adding = bus.subscribe<Measured>([&](const Measured& each) { sum += each.celsius; });
    const auto checking = bus.use<Measured>([](const Measured& each, hindsight::DraftView& draft) {
        if (each.celsius < -273.15) draft.veto("colder than cold can be");
    });

    const std::vector<Measured> measured{{"kitchen", 21.5}, {"cellar", -300}, {"attic", 17.5}};
    const hindsight::BatchReceipt receipt = bus.emit_many(measured, {.source = "logger"});
    receipt.wait();  // until all handlers of all events have returned
    fmt::print("{} accepted, the first as event {}; the sum is {}\n", receipt.count, receipt.first, sum);
    for (const auto& each : receipt.refused) {
        fmt::print("left out: {} ({})\n", measured[each.index].sensor, each.receipt.reason());
    }

    // What is not needed any more is moved instead of copied.
    std::vector<Measured> more{{"kitchen", 22.0}, {"attic", 18.0}};
    bus.emit_many(std::move(more));
    for (const auto& each : bus.history().query<Measured>({.key = "kitchen"})) {
        fmt::print("event {}: {} degrees\n", each.seq(), each->celsius);
    }
}

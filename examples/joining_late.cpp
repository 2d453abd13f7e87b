// Subscribers that come late: what they are given of the past, and how they mend what they missed.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

using hindsight::Delivery;
using hindsight::Lagged;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;

struct Temperature {
    static constexpr std::string_view event_name = "room.temperature";
    std::string room;
    int degrees;
    static constexpr auto event_key = &Temperature::room;
};

/// A direct subscription has its past when `subscribe` returns.
void join(hindsight::EventBus& bus, std::string_view title, hindsight::SubscribeOptions options) {
    options.delivery = Delivery::direct;
    options.on_lagged = [](const Lagged& hole) {
        fmt::print("  some of #{} to #{} are gone\n", hole.first, hole.last);
    };
    fmt::print("{}\n", title);
    const auto joined = bus.subscribe<Temperature>(
        [](const Temperature& event, const Record& record) {
            fmt::print("  #{} {} {}\n", record.seq(), event.room, event.degrees);
        },
        std::move(options));
}

void mend(hindsight::EventBus& bus) {
    fmt::print("mend a hole\n");
    const auto slow = bus.subscribe<Temperature>(
        [](const Temperature&, const Record& record) { fmt::print("  #{}\n", record.seq()); },
        {.mailbox = {.capacity = 2, .overflow = Overflow::drop_oldest}, .on_lagged = [](const Lagged& hole) {
             const auto reread = hindsight::this_handler::reread(hole);
             for (const Record& record : reread.records) fmt::print("  #{}, late\n", record.seq());
             if (reread.gone.missed > 0) fmt::print("  {} are gone for good\n", reread.gone.missed);
         }});
    for (int degrees = 30; degrees < 37; ++degrees) bus.emit(Temperature{"hall", degrees});
    bus.run_pending();
}

int main() {
    hindsight::EventBus bus{{.history = {.capacity = 6}, .pool = {.threads = 0}}};
    for (int degrees = 20; degrees < 24; ++degrees) {
        bus.emit(Temperature{"hall", degrees});
        bus.emit(Temperature{"kitchen", degrees + 5});
    }

    join(bus, "the last three", {.replay = Replay::last(3)});
    join(bus, "the newest of each room", {.replay = Replay::last_per_key()});
    join(bus, "the last two above 25",
         {.filter = hindsight::where<Temperature>([](const Temperature& event) { return event.degrees > 25; }),
          .replay = Replay::last(2)});
    join(bus, "from the beginning, of which a part is gone", {.replay = Replay::from_seq(1)});
    mend(bus);
}

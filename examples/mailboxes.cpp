// A mailbox that is full: what its handler still gets, and how it learns what it missed.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::Overflow;

struct Price {
    static constexpr std::string_view event_name = "market.price";
    std::string item;
    int cents;
    static constexpr auto event_key = &Price::item;  // what conflating goes by
};

hindsight::SubscribeOptions with_room_for_two(Overflow overflow) {
    return {.mailbox = {.capacity = 2, .overflow = overflow}, .on_lagged = [](const hindsight::Lagged& hole) {
                fmt::print("  missed {} events, from #{} to #{}\n", hole.missed, hole.first, hole.last);
            }};
}

void show(std::string_view title, Overflow overflow) {
    fmt::print("{}\n", title);
    // Without threads the handlers run in run_pending(), so all events wait in the mailbox until then.
    hindsight::EventBus bus{{.pool = {.threads = 0}}};
    auto printing = bus.subscribe<Price>(
        [](const Price& price, const hindsight::Record& record) {
            fmt::print("  #{} {} {}\n", record.seq(), price.item, price.cents);
        },
        with_room_for_two(overflow));

    for (const int cents : {10, 11, 12}) {
        bus.emit(Price{"apple", cents});
        bus.emit(Price{"pear", cents * 2});
    }
    bus.run_pending();
    const auto counted = printing.stats();
    fmt::print("  dropped {}, conflated {}\n", counted.dropped, counted.conflated);
}

int main() {
    show("drop_oldest: the newest two", Overflow::drop_oldest);
    show("drop_newest: the oldest two", Overflow::drop_newest);
    show("conflate: the newest of each key", Overflow::conflate);
    // Emitters wait for room, but not where nobody else could make any: then the mailbox grows, up to its hard limit.
    show("block: all", Overflow::block);
}

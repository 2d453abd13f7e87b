// Sticky facts: the newest event of each key as its current state.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::KeepNone;
using hindsight::LastPerKey;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Replay;
using namespace hindsight::test;

namespace {

enum class Room : std::uint8_t { kitchen, cellar };

/// Keys that are no text.
struct Temperature {
    static constexpr std::string_view event_name = "house.temperature";
    Room room = Room::kitchen;
    double celsius = 0;
    static constexpr auto event_key = &Temperature::room;
};

EventBus make_bus(std::size_t max_keys = 4096) {
    return EventBus({.history = {.capacity = 3, .policies = {{"market.*", LastPerKey{.max_keys = max_keys}}}}});
}

int cents(const EventBus& bus, std::string_view symbol) {
    const auto price = bus.latest<Price>(symbol);
    return price ? (*price)->cents : -1;
}

TEST_CASE("the latest event of a key is the newest of that type and key", "[latest]") {
    EventBus bus = make_bus();
    CHECK_FALSE(bus.latest<Price>("ABC"));
    CHECK_FALSE(bus.latest<Price>());
    bus.emit(Price{"ABC", 1});
    bus.emit(Price{"XYZ", 2});
    bus.emit(Price{"ABC", 3});
    bus.emit(NamedEvent{"market.price"}, {.key = "ABC"});
    bus.emit(Tick{7}, {.key = "ABC"});
    CHECK(cents(bus, "ABC") == -1);  // something else has the name, and its place
    bus.emit(Price{"ABC", 6});
    CHECK(cents(bus, "ABC") == 6);
    CHECK(cents(bus, "XYZ") == 2);
    CHECK(bus.latest<Price>(std::string("ABC"))->seq() == 6);
    CHECK(bus.latest<Price>()->seq() == 6);
    CHECK(bus.history().latest<Tick>("ABC").value()->number == 7);
    CHECK_FALSE(bus.latest<Tock>("ABC"));
}

TEST_CASE("sticky facts stay, however many other events come", "[latest]") {
    EventBus bus = make_bus();
    bus.emit(Price{"ABC", 1});
    bus.emit(Tock{1}, {.key = "a"});
    for (int i = 0; i < 100; ++i) {
        bus.emit(Tick{i});
        bus.emit(Price{"XYZ", i});
    }
    CHECK(cents(bus, "ABC") == 1);
    CHECK(cents(bus, "XYZ") == 99);
    CHECK_FALSE(bus.latest<Tock>("a"));  // its rule is the shared ring
    CHECK(bus.history().query<Price>().size() == 2);
}

TEST_CASE("beyond max_keys the state that was written least recently goes, counted", "[latest][promise-7]") {
    EventBus bus = make_bus(2);
    bus.emit(Price{"a", 1});
    bus.emit(Price{"b", 2});
    bus.emit(Price{"a", 3});
    bus.emit(Price{"c", 4});
    CHECK(cents(bus, "a") == 3);
    CHECK(cents(bus, "b") == -1);
    CHECK(cents(bus, "c") == 4);
    CHECK(bus.history().stats().evicted == 2);
}

TEST_CASE("a key is the emitter's, else the event's, else the source; it may be no text, or empty", "[latest]") {
    EventBus bus;
    bus.emit(Price{"ABC", 1}, {.key = "mine"});
    CHECK(cents(bus, "ABC") == -1);
    CHECK(cents(bus, "mine") == 1);
    bus.emit(Tick{2}, {.source = "worker"});
    bus.emit(Tick{3});
    bus.emit(Tick{4}, {.key = "other"});
    CHECK(bus.latest<Tick>("worker").value()->number == 2);
    CHECK(bus.latest<Tick>("").value()->number == 3);
    bus.emit(Temperature{Room::cellar, 8.5});
    CHECK(bus.latest<Temperature>(Room::cellar).value()->celsius == 8.5);
    CHECK(bus.latest<Temperature>(1).value()->celsius == 8.5);
    CHECK_FALSE(bus.latest<Temperature>(Room::kitchen));
}

TEST_CASE("a subscription that joins late can be given the current state first", "[latest]") {
    EventBus bus = make_bus();
    bus.emit(Price{"ABC", 1});
    bus.emit(Price{"XYZ", 2});
    bus.emit(Price{"ABC", 3});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Price>([&](const Price& price) { seen.push_back(price.cents); },
                                                   {.delivery = Delivery::direct, .replay = Replay::last_per_key()});
    bus.emit(Price{"XYZ", 4});
    CHECK(seen == std::vector{2, 3, 4});
}

TEST_CASE("a state once seen is never seen older, whichever threads emit", "[latest][promise-11]") {
    EventBus bus = make_bus();
    bus.emit(Price{"ABC", 0});
    std::atomic<bool> done{false};
    auto emitter = start([&] {
        for (int i = 1; i <= 3000; ++i) {
            bus.emit(Price{"ABC", i});
            bus.emit(Price{"other", i});
        }
        done = true;
    });
    int last = 0;
    bool older = false, lost = false;
    while (!done) {
        const int now = cents(bus, "ABC");
        lost = lost || now < 0;
        older = older || now < last;
        last = now;
    }
    get_soon(std::move(emitter));
    CHECK_FALSE(older);
    CHECK_FALSE(lost);
    CHECK(cents(bus, "ABC") == 3000);
}

}  // namespace

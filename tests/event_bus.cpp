// Subscribing by type, name and pattern; what emit makes of an event; the bus as a whole.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_bus.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::ErrorPolicy;
using hindsight::EventBus;
using hindsight::EventStore;
using hindsight::InvalidArgument;
using hindsight::InvalidName;
using hindsight::ManualClock;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Severity;
using hindsight::SubscribeOptions;
using namespace hindsight::test;

namespace {

hindsight::SubscribeOptions directly() {
    return {.delivery = Delivery::direct};
}

TEST_CASE("typed, named and pattern subscriptions all get an event", "[event_bus]") {
    EventBus bus;
    std::string calls;
    const auto add = [&](char what) { return [&calls, what](const Record&) { calls += what; }; };
    const auto typed = bus.subscribe<Tick>(add('t'), directly());
    const auto named = bus.subscribe("test.tick", add('n'), directly());
    const auto pattern = bus.subscribe("test.*", add('p'), directly());
    const auto tail = bus.subscribe("*.tick", add('s'), directly());
    const auto all = bus.subscribe("*", add('a'), directly());
    const auto other = bus.subscribe("other.*", add('x'), directly());
    const auto longer = bus.subscribe("test.tick.*", add('x'), directly());
    CHECK(bus.emit(Tick{}).matched == 5);
    CHECK(calls == "tnpsa");
}

TEST_CASE("patterns match names that are emitted for the first time, before and after subscribing", "[event_bus]") {
    EventBus bus;
    std::vector<std::string> seen;
    const auto note = [&](const Record& record) { seen.emplace_back(record.name()); };
    bus.emit(NamedEvent{"a.known"});
    const auto subscription = bus.subscribe("a.*", note, directly());
    bus.emit(NamedEvent{"a.known"});
    bus.emit(NamedEvent{"a.new"});
    bus.emit(NamedEvent{"a.deeper.name"});
    bus.emit(NamedEvent{"b.other"});
    CHECK(seen == std::vector<std::string>{"a.known", "a.new", "a.deeper.name"});
}

TEST_CASE("a new subscription gets the very next event, whatever was emitted before", "[event_bus]") {
    EventBus bus;
    for (int i = 0; i < 3; ++i) {
        bus.emit(Tick{});
        int calls = 0;
        const auto typed = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, directly());
        const auto pattern = bus.subscribe(
            "test.*", [&](const Record&) { ++calls; }, directly());
        bus.emit(Tick{});
        CHECK(calls == 2);
    }
}

TEST_CASE("events named at run time go to names, patterns and NamedEvent", "[event_bus]") {
    EventBus bus;
    std::vector<std::string> by_type, by_name;
    const auto typed =
        bus.subscribe<NamedEvent>([&](const NamedEvent& event) { by_type.push_back(event.name); }, directly());
    const auto named = bus.subscribe(
        "system.init", [&](const Record& record) { by_name.emplace_back(record.name()); }, directly());
    const NamedEvent init{"system.init"};
    bus.emit(init);
    bus.emit(NamedEvent{"system.stop"});
    bus.emit(NamedEvent{"a.name.that.is.longer.than.any.short.string"});
    CHECK(by_type ==
          std::vector<std::string>{"system.init", "system.stop", "a.name.that.is.longer.than.any.short.string"});
    CHECK(by_name == std::vector<std::string>{"system.init"});
    CHECK(init.name == "system.init");
    const auto kept = bus.history().query();
    REQUIRE(kept.size() == 3);
    CHECK(kept[1].name() == "system.stop");
    CHECK(kept[1].category() == "system");
}

TEST_CASE("a NamedEvent may have a typed event's name, and reaches only who asked for the name", "[event_bus]") {
    EventBus bus;
    int typed_calls = 0, named_calls = 0;
    const auto typed = bus.subscribe<Tick>([&](const Tick&) { ++typed_calls; }, directly());
    const auto named = bus.subscribe(
        "test.tick",
        [&](const Record& record) {
            ++named_calls;
            CHECK((record.get_if<Tick>() != nullptr) == (named_calls == 1));
        },
        directly());
    bus.emit(Tick{});
    bus.emit(NamedEvent{"test.tick"});
    CHECK(typed_calls == 1);
    CHECK(named_calls == 2);
}

TEST_CASE("bad names and patterns are refused by name", "[event_bus]") {
    EventBus bus;
    CHECK(refuses<InvalidName>("two..dots", [&] { bus.emit(NamedEvent{"two..dots"}); }));
    CHECK(refuses<InvalidName>("wild.*", [&] { bus.emit(NamedEvent{"wild.*"}); }));
    CHECK_THROWS_AS(bus.emit(NamedEvent{""}), InvalidName);
    CHECK(refuses<InvalidName>("hindsight.own", [&] { bus.emit(NamedEvent{"hindsight.own"}); }));
    CHECK(refuses<InvalidName>("half*.x", [&] { static_cast<void>(bus.subscribe("half*.x", [](const Record&) {})); }));
    CHECK(bus.history().last_seq() == 0);
    CHECK(bus.stats().emitted == 0);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("null handlers are refused", "[event_bus]") {
    EventBus bus;
    const std::function<void(const Tick&)> empty;
    void (*const none)(const Record&) = nullptr;
    CHECK_THROWS_AS(bus.subscribe<Tick>(empty), InvalidArgument);
    CHECK_THROWS_AS(bus.subscribe<Tick>(none), InvalidArgument);
    CHECK_THROWS_AS(bus.subscribe("a.b", none), InvalidArgument);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("values that are no enumerators are refused, and the option is named", "[event_bus]") {
    EventBus bus;
    const auto subscribe = [&](SubscribeOptions options) {
        const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, std::move(options));
    };
    CHECK(refuses<InvalidArgument>("delivery", [&] { subscribe({.delivery = Delivery(9)}); }));
    CHECK(refuses<InvalidArgument>("overflow", [&] { subscribe({.mailbox = {.overflow = Overflow(9)}}); }));
    CHECK(bus.subscription_count() == 0);
    CHECK(refuses<InvalidArgument>("severity", [&] { bus.emit(Tick{}, {.severity = Severity(9)}); }));
    CHECK(bus.history().last_seq() == 0);
    CHECK(refuses<InvalidArgument>("errors", [] { EventBus({.errors = ErrorPolicy(9)}); }));
}

TEST_CASE("a bus is refused a negative time to drain", "[event_bus]") {
    CHECK(refuses<InvalidArgument>("drain_on_destroy", [] { EventBus({.drain_on_destroy = Duration(-1)}); }));
}

TEST_CASE("filters see the event without its seq and choose what is delivered", "[event_bus]") {
    EventBus bus;
    hindsight::Seq seq_in_filter = 99;
    std::vector<int> typed, generic;
    const auto a = bus.subscribe<Tick>(
        [&](const Tick& tick) { typed.push_back(tick.number); },
        {.delivery = Delivery::direct, .filter = hindsight::where<Tick>([](const Tick& t) { return t.number > 1; })});
    const auto b = bus.subscribe("*", [&](const Record& record) { generic.push_back(record.as<Tick>().number); },
                                 {.delivery = Delivery::direct, .filter = [&](const Record& record) {
                                      seq_in_filter = record.seq();
                                      return record.source() == "yes";
                                  }});
    bus.emit(Tick{1}, {.source = "yes"});
    bus.emit(Tick{2}, {.source = "no"});
    CHECK(typed == std::vector{2});
    CHECK(generic == std::vector{1});
    CHECK(seq_in_filter == 0);
    CHECK(a.stats().filtered == 1);
    CHECK(b.stats().filtered == 1);
}

TEST_CASE("a filter on one type is refused for a subscription to another, not for a pattern", "[event_bus]") {
    EventBus bus;
    const auto on_tick = hindsight::where<Tick>([](const Tick&) { return true; });
    CHECK(refuses<InvalidArgument>("the type hindsight::test::Tick, the subscription for hindsight::test::Tock", [&] {
        const auto none = bus.subscribe<Tock>([](const Tock&) {}, {.filter = on_tick});
    }));
    CHECK(bus.subscription_count() == 0);
    int calls = 0;
    const auto pattern =
        bus.subscribe("test.*", [&](const Record&) { ++calls; }, {.delivery = Delivery::direct, .filter = on_tick});
    bus.emit(Tick{});
    bus.emit(Tock{});
    CHECK(calls == 1);
}

TEST_CASE("subscriptions are counted, all and by what they subscribed to", "[event_bus]") {
    EventBus bus;
    CHECK(bus.subscription_count() == 0);
    const auto a = bus.subscribe<Tick>([](const Tick&) {});
    auto b = bus.subscribe<Tick>([](const Tick&) {}, directly());
    const auto c = bus.subscribe("test.*", [](const Record&) {});
    CHECK(bus.subscription_count() == 3);
    CHECK(bus.subscription_count("test.tick") == 2);
    CHECK(bus.subscription_count("test.*") == 1);
    CHECK(bus.subscription_count("nothing") == 0);
    b.disconnect();
    CHECK(bus.subscription_count("test.tick") == 1);
    CHECK(bus.stats().subscriptions_by_pattern.at("test.*") == 1);
}

TEST_CASE("the bus's clock can be set, and events carry its time", "[event_bus]") {
    const auto clock = std::make_shared<ManualClock>(hindsight::TimePoint(std::chrono::seconds(100)));
    EventBus bus({.clock = clock});
    CHECK(bus.now() == hindsight::TimePoint(std::chrono::seconds(100)));
    bus.emit(Tick{});
    clock->advance(std::chrono::seconds(5));
    bus.emit(Tick{});
    bus.emit(Tick{}, {.time = hindsight::TimePoint(std::chrono::seconds(1))});
    const auto kept = bus.history().query();
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].time() == hindsight::TimePoint(std::chrono::seconds(100)));
    CHECK(kept[1].time() == hindsight::TimePoint(std::chrono::seconds(105)));
    CHECK(kept[2].time() == hindsight::TimePoint(std::chrono::seconds(1)));
    CHECK(bus.now() == clock->now());
}

TEST_CASE("without a clock of its own a bus tells the system's time", "[event_bus]") {
    EventBus bus;
    const auto before = std::chrono::system_clock::now();
    const auto now = bus.now();
    CHECK(now >= before - std::chrono::seconds(1));
    CHECK(now <= std::chrono::system_clock::now() + std::chrono::seconds(1));
}

TEST_CASE("what an event's handlers emit has it as cause and its correlation", "[event_bus]") {
    const std::size_t capacity = GENERATE(0u, 100u);
    EventBus bus({.history = {.capacity = capacity}});
    std::vector<Record> seen;
    const auto on_price = bus.subscribe<Price>([&](const Record& record) { seen.push_back(record); }, directly());
    const auto on_tock = bus.subscribe<Tock>(
        [&](const Tock& tock) {
            if (tock.number == 1) {
                bus.emit(Price{});
            } else {
                bus.emit(Price{}, {.correlation = "own", .cause = 77});
            }
        },
        directly());
    const auto on_tick = bus.subscribe<Tick>([&](const Tick& tick) { bus.emit(Tock{tick.number}); });
    bus.emit(Tick{1}, {.correlation = "c-1"}).wait();
    bus.emit(Tick{2}).wait();
    bus.emit(Price{});
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].cause() == 2);
    CHECK(seen[0].correlation() == "c-1");
    CHECK(seen[1].cause() == 77);
    CHECK(seen[1].correlation() == "own");
    CHECK(seen[2].cause() == 0);
    CHECK(seen[2].correlation().empty());
}

TEST_CASE("an event emitted to another bus inside a handler has no cause there", "[event_bus]") {
    EventBus here, there;
    const auto bridge = here.subscribe<Tick>([&](const Tick&) { there.emit(Tock{}); }, directly());
    here.emit(Tick{}, {.correlation = "c"});
    const auto kept = there.history().query();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].cause() == 0);
}

TEST_CASE("a constructor that throws leaves the store as it was", "[event_bus][promise-6]") {
    const auto store = std::make_shared<EventStore>();
    CHECK_THROWS_AS(EventBus(store, {.max_depth = 0}), InvalidArgument);
    EventBus bus(store);
    CHECK(bus.emit(Tick{}));
    CHECK(store->size() == 1);
}

TEST_CASE("a bus without a store to share is refused one that is null", "[event_bus]") {
    CHECK_THROWS_AS(EventBus(std::shared_ptr<EventStore>()), InvalidArgument);
}

}  // namespace

#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

constexpr auto ignore_errors = [](const HandlerError&) {};

TEST_CASE("direct handlers run on the emitting thread before emit returns", "[delivery_direct]") {
    EventBus bus;
    std::thread::id thread;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { thread = std::this_thread::get_id(); }, {.delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{});
    CHECK(thread == std::this_thread::get_id());
    CHECK(receipt.matched == 1);
    CHECK(receipt.queued == 0);
}

TEST_CASE("handlers take the event, the record, or both", "[delivery_direct]") {
    EventBus bus;
    int event_only = 0, with_record = 0, record_only = 0, by_value = 0;
    const auto a =
        bus.subscribe<Tick>([&](const Tick& tick) { event_only = tick.number; }, {.delivery = Delivery::direct});
    const auto b = bus.subscribe<Tick>(
        [&](const Tick& tick, const Record& record) {
            with_record = record.as<Tick>().number == tick.number && record.seq() == 1 ? tick.number : -1;
        },
        {.delivery = Delivery::direct});
    const auto c = bus.subscribe<Tick>([&](const Record& record) { record_only = record.as<Tick>().number; },
                                       {.delivery = Delivery::direct});
    const auto d = bus.subscribe<Tick>([&](Tick tick) { by_value = tick.number; }, {.delivery = Delivery::direct});
    bus.emit(Tick{5});
    CHECK(event_only == 5);
    CHECK(with_record == 5);
    CHECK(record_only == 5);
    CHECK(by_value == 5);
}

TEST_CASE("a generic handler gets the event and its record", "[delivery_direct]") {
    EventBus bus;
    std::size_t arguments = 0;
    const auto subscription =
        bus.subscribe<Tick>([&](const auto&... all) { arguments = sizeof...(all); }, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(arguments == 2);
}

TEST_CASE("handlers with a higher priority run first and equal ones in the order of subscribing", "[delivery_direct]") {
    EventBus bus;
    std::string order;
    const auto add = [&](char name) { return [&order, name](const Record&) { order += name; }; };
    const auto at = [](int priority) {
        return hindsight::SubscribeOptions{.delivery = Delivery::direct, .priority = priority};
    };
    const auto a = bus.subscribe<Tick>(add('a'), at(0));
    const auto b = bus.subscribe("test.*", add('b'), at(5));
    const auto c = bus.subscribe<Tick>(add('c'), at(-1));
    const auto d = bus.subscribe("test.tick", add('d'), at(5));
    const auto e = bus.subscribe("*", add('e'), at(0));
    const auto f = bus.subscribe<Tick>(add('f'), at(5));
    bus.emit(Tick{});
    CHECK(order == "bdfaec");

    // A new subscription comes after the others of its priority, wherever it has been before.
    order.clear();
    auto again = bus.subscribe<Tick>(add('1'), at(5));
    again = bus.subscribe<Tick>(add('2'), at(5));
    bus.emit(Tick{});
    CHECK(order == "bdf2aec");
}

TEST_CASE("a direct subscription sees one publisher's events in that publisher's order",
          "[delivery_direct][promise-2]") {
    constexpr int publishers = 3, events = 300;
    EventBus bus;
    std::mutex mutex;
    std::vector<std::vector<int>> seen(publishers);
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick, const Record& record) {
            const std::lock_guard lock(mutex);
            seen[static_cast<std::size_t>(record.source().front() - '0')].push_back(tick.number);
        },
        {.delivery = Delivery::direct});
    std::latch together(publishers);
    std::vector<std::future<void>> threads;
    for (int publisher = 0; publisher < publishers; ++publisher) {
        threads.push_back(start([&, source = std::to_string(publisher)] {
            together.arrive_and_wait();
            for (int i = 0; i < events; ++i) bus.emit(Tick{i}, {.source = source});
        }));
    }
    for (auto& each : threads) get_soon(std::move(each));
    std::vector<int> expected;
    for (int i = 0; i < events; ++i) expected.push_back(i);
    for (const auto& of_publisher : seen) CHECK(of_publisher == expected);
}

TEST_CASE("nested events are delivered depth-first", "[delivery_direct][promise-2]") {
    EventBus bus;
    std::string order;
    const auto first = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            order += "a" + std::to_string(tick.number);
            if (tick.number < 3) bus.emit(Tick{tick.number + 1});
        },
        {.delivery = Delivery::direct, .priority = 1});
    const auto second = bus.subscribe<Tick>([&](const Tick& tick) { order += "b" + std::to_string(tick.number); },
                                            {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    CHECK(order == "a1a2a3b3b2b1");
}

TEST_CASE("a direct handler may run on several threads at once", "[delivery_direct]") {
    EventBus bus;
    std::latch both_inside(2);
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { both_inside.arrive_and_wait(); }, {.delivery = Delivery::direct});
    auto other = start([&] { bus.emit(Tick{}); });
    run_elsewhere([&] { bus.emit(Tick{}); });
    get_soon(std::move(other));
    CHECK(subscription.stats().delivered == 2);
}

TEST_CASE("nothing is delivered before history has it", "[delivery_direct][promise-1]") {
    EventBus bus;
    std::vector<bool> recorded;
    const auto subscription =
        bus.subscribe("*",
                      [&](const Record& record) {
                          const auto kept = bus.history().find(record.seq());
                          recorded.push_back(record.seq() != 0 && kept.has_value() && *kept == record);
                      },
                      {.delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{1});
    CHECK(receipt.outcome == hindsight::Outcome::recorded);
    bus.emit(NamedEvent{"something.else"});
    CHECK(recorded == std::vector<bool>{true, true});
}

TEST_CASE("the same event object is given to all handlers and to history", "[delivery_direct]") {
    EventBus bus;
    std::vector<const Parcel*> seen;
    const auto note = [&](const Parcel& parcel) { seen.push_back(&parcel); };
    const auto a = bus.subscribe<Parcel>(note, {.delivery = Delivery::direct});
    const auto b = bus.subscribe<Parcel>(note, {.delivery = Delivery::direct});
    bus.emit(Parcel{std::make_unique<int>(3)});
    const auto kept = bus.history().query<Parcel>();
    REQUIRE(kept.size() == 1);
    CHECK(seen == std::vector{&*kept[0], &*kept[0]});
    CHECK(*kept[0]->content == 3);
}

TEST_CASE("a subscription made inside a handler gets the next event, not this one", "[delivery_direct]") {
    EventBus bus;
    std::vector<int> late;
    Subscription added;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            if (added.connected()) return;
            added = bus.subscribe<Tick>([&](const Tick& tick) { late.push_back(tick.number); },
                                        {.delivery = Delivery::direct});
        },
        {.delivery = Delivery::direct, .priority = 1});
    bus.emit(Tick{1});
    bus.emit(Tick{2});
    CHECK(late == std::vector{2});
}

TEST_CASE("a handler that is disconnected by an earlier one is not called any more", "[delivery_direct]") {
    EventBus bus;
    std::string calls;
    std::vector<Subscription> later;
    const auto first = bus.subscribe<Tick>(
        [&](const Tick&) {
            calls += 'a';
            later.clear();
        },
        {.delivery = Delivery::direct, .priority = 1});
    for (int i = 0; i < 3; ++i) {
        later.push_back(bus.subscribe<Tick>([&](const Tick&) { calls += 'b'; }, {.delivery = Delivery::direct}));
    }
    const auto last = bus.subscribe<Tick>([&](const Tick&) { calls += 'c'; }, {.delivery = Delivery::direct});
    CHECK(bus.emit(Tick{}).matched == 2);
    CHECK(calls == "ac");
}

TEST_CASE("a throwing handler stops neither the others nor the emitter", "[delivery_direct][promise-3]") {
    EventBus bus({.on_error = ignore_errors});
    std::string calls;
    const auto failing = bus.subscribe<Tick>(
        [&](const Tick&) {
            calls += 'x';
            throw std::runtime_error("always");
        },
        {.delivery = Delivery::direct, .priority = 1});
    const auto odd = bus.subscribe<Tick>([](const Tick&) { throw 42; }, {.delivery = Delivery::direct, .priority = 1});
    const auto working = bus.subscribe<Tick>([&](const Tick&) { calls += 'o'; }, {.delivery = Delivery::direct});
    CHECK(bus.emit(Tick{}).matched == 3);
    bus.emit(Tick{});
    CHECK(calls == "xoxo");
    CHECK(failing.connected());
    CHECK(failing.stats().failed == 2);
    CHECK(failing.stats().delivered == 2);
    CHECK(working.stats().failed == 0);
    CHECK(bus.stats().failed == 4);
}

}  // namespace

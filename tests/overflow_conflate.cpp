#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Lagged;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// A conflating subscription to everything. Its log has "name/key:seq" for events and "[first-last:missed]" for holes.
struct Listener {
    explicit Listener(std::size_t capacity) {
        subscription = bus.subscribe("*",
                                     [this](const Record& record) {
                                         log += " " + std::string(record.name()) + "/" + std::string(record.key()) +
                                                ":" + std::to_string(record.seq());
                                     },
                                     {.mailbox = {.capacity = capacity, .overflow = Overflow::conflate},
                                      .executor = executor,
                                      .on_lagged = [this](const Lagged& hole) {
                                          log += " [" + std::to_string(hole.first) + "-" + std::to_string(hole.last) +
                                                 ":" + std::to_string(hole.missed) + "]";
                                      }});
    }
    std::string hear() {
        executor->run_all();
        return std::exchange(log, {});
    }

    std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    std::string log;
    EventBus bus;
    Subscription subscription;
};

TEST_CASE("conflating keeps the newest of each key, at its place in seq order", "[overflow][conflate]") {
    Listener listener(10);
    const auto first = listener.bus.emit(Price{"A", 1});
    listener.bus.emit(Price{"B", 1});
    const auto second = listener.bus.emit(Price{"A", 2});
    CHECK(first.queued == 1);
    CHECK(first.wait_for(patience));
    CHECK(second.queued == 1);
    CHECK_FALSE(second.wait_for(Duration::zero()));
    CHECK(listener.subscription.stats().queue_depth == 2);
    CHECK(listener.subscription.stats().conflated == 1);
    CHECK(listener.hear() == " market.price/B:2 market.price/A:3");
    CHECK(listener.bus.stats().matched == 3);
    CHECK(listener.bus.stats().delivered == 2);
    CHECK(listener.bus.stats().conflated == 1);
    CHECK(listener.bus.stats().dropped == 0);
}

TEST_CASE("conflating happens always, not only when the mailbox is full", "[overflow][conflate]") {
    Listener listener(1'000);
    for (int i = 0; i < 500; ++i) listener.bus.emit(Price{"A", i});
    CHECK(listener.subscription.stats().queue_depth == 1);
    CHECK(listener.hear() == " market.price/A:500");
    CHECK(listener.subscription.stats().conflated == 499);
}

TEST_CASE("events of different names do not replace each other", "[overflow][conflate]") {
    Listener listener(10);
    listener.bus.emit(NamedEvent{"door.opened"}, {.key = "front"});
    listener.bus.emit(NamedEvent{"door.closed"}, {.key = "front"});
    listener.bus.emit(NamedEvent{"door.opened"}, {.key = "back"});
    listener.bus.emit(NamedEvent{"door.opened"}, {.key = "front"});
    CHECK(listener.hear() == " door.closed/front:2 door.opened/back:3 door.opened/front:4");
}

TEST_CASE("the key is the emitter's, else the event's, else the source", "[overflow][conflate]") {
    Listener listener(10);
    listener.bus.emit(Price{"A", 1}, {.source = "exchange", .key = "given"});
    listener.bus.emit(Price{"A", 2}, {.source = "exchange"});
    listener.bus.emit(Tick{}, {.source = "clock-1"});
    listener.bus.emit(Tick{}, {.source = "clock-2"});
    listener.bus.emit(Tick{});
    listener.bus.emit(Tick{});
    CHECK(listener.hear() == " market.price/given:1 market.price/A:2 test.tick/clock-1:3 test.tick/clock-2:4"
                             " test.tick/:6");
}

TEST_CASE("the capacity bounds the keys; beyond it the oldest is dropped and announced", "[overflow][conflate]") {
    Listener listener(2);
    listener.bus.emit(Price{"A", 1});
    listener.bus.emit(Price{"B", 1});
    listener.bus.emit(Price{"C", 1});  // drops A
    listener.bus.emit(Price{"B", 2});  // replaces
    listener.bus.emit(Price{"D", 1});  // drops C
    CHECK(listener.subscription.stats().dropped == 2);
    CHECK(listener.subscription.stats().conflated == 1);
    CHECK(listener.hear() == " [1-3:2] market.price/B:4 market.price/D:5");
}

TEST_CASE("what was replaced is not announced as a hole", "[overflow][conflate]") {
    Listener listener(2);
    for (int i = 0; i < 5; ++i) listener.bus.emit(Price{"A", i});
    listener.bus.emit(Price{"B", 1});
    CHECK(listener.hear() == " market.price/A:5 market.price/B:6");
}

TEST_CASE("a hole before a replaced event is announced before the next one", "[overflow][conflate]") {
    Listener listener(2);
    listener.bus.emit(Price{"A", 1});
    listener.bus.emit(Price{"B", 1});
    listener.bus.emit(Price{"C", 1});  // drops A: the hole is before B
    listener.bus.emit(Price{"B", 2});
    listener.bus.emit(Price{"C", 2});
    CHECK(listener.hear() == " [1-1:1] market.price/B:4 market.price/C:5");
}

TEST_CASE("the event that a conflating handler has in hand is replaced no more", "[overflow][conflate]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::string log;
    const auto subscription = bus.subscribe<Price>(
        [&](const Price& price) {
            log += " " + std::to_string(price.cents);
            if (price.cents == 1) {
                bus.emit(Price{"A", 2});
                bus.emit(Price{"A", 3});
            }
        },
        {.mailbox = {.capacity = 4, .overflow = Overflow::conflate}, .executor = executor});
    bus.emit(Price{"A", 1});
    executor->run_all();
    CHECK(log == " 1 3");
    CHECK(subscription.stats().conflated == 1);
}

TEST_CASE("conflated counters add up when the subscription ends early", "[overflow][conflate][promise-8]") {
    Listener listener(2);
    for (int i = 0; i < 3; ++i) listener.bus.emit(Price{"A", i});
    listener.bus.emit(Price{"B", 0});
    listener.bus.emit(Price{"C", 0});
    listener.subscription.disconnect();
    const auto stats = listener.bus.stats();
    CHECK(stats.matched == 5);
    CHECK(stats.conflated == 2);
    CHECK(stats.dropped == 1);
    CHECK(stats.discarded == 2);
    CHECK(stats.delivered == 0);
}

}  // namespace

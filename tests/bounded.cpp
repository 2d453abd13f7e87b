// Promise 7: memory stays flat under any load.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"

#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using hindsight::BucketRing;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::InlineExecutor;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// The most memory that is in use at the end of any round, relative to that after the first one.
template <class Round>
double growth_over(int rounds, Round round) {
    round(0);
    const auto first = static_cast<double>(allocated_bytes.load());
    double most = first;
    for (int i = 1; i < rounds; ++i) {
        round(i);
        most = std::max(most, static_cast<double>(allocated_bytes.load()));
    }
    return most / first;
}

TEST_CASE("names that never end share their state beyond max_names", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 100, .policies = {{"bucket.*", BucketRing{.capacity = 1, .max_keys = 50}}}},
                  .max_names = 100});
    std::uint64_t seen = 0;
    const auto typed = bus.subscribe<NamedEvent>([&](const NamedEvent&) { ++seen; }, {.delivery = Delivery::direct});
    const auto pattern = bus.subscribe("bucket.*", [](const Record&) {}, {.delivery = Delivery::direct});
    const double growth = growth_over(20, [&](int round) {
        for (int i = 0; i < 500; ++i) {
            const std::string number = std::to_string(round * 500 + i);
            bus.emit(NamedEvent{"plain.name-" + number});
            bus.emit(NamedEvent{"bucket.name-" + number}, {.key = number});
        }
    });
    CHECK(growth < 1.05);
    CHECK(seen == 20'000);
    CHECK(pattern.stats().delivered == 10'000);
    const auto stats = bus.stats();
    CHECK(stats.by_name.size() <= 102);
    CHECK(stats.by_name.at("(other)").emitted >= 19'800);
    CHECK(stats.emitted == 20'000);
}

TEST_CASE("names beyond max_names are delivered like the others", "[bounded][promise-7]") {
    EventBus bus({.pool = {.threads = 0}, .max_names = 2});
    bus.emit(NamedEvent{"first.name"});
    bus.emit(NamedEvent{"second.name"});
    std::vector<std::string> direct, queued;
    const auto a = bus.subscribe("third.name", [&](const Record& record) { direct.emplace_back(record.name()); },
                                 {.delivery = Delivery::direct});
    const auto b = bus.subscribe("fourth.*", [&](const Record& record) { queued.emplace_back(record.name()); },
                                 {.filter = [](const Record& record) { return record.name() != "fourth.not"; }});
    Subscription c = bus.subscribe("third.*", [](const Record&) {}, {.delivery = Delivery::direct});
    CHECK(bus.emit(NamedEvent{"third.name"}).matched == 2);
    c.disconnect();
    CHECK(bus.emit(NamedEvent{"third.name"}).matched == 1);
    bus.emit(NamedEvent{"fourth.name"});
    bus.emit(NamedEvent{"fourth.not"});
    bus.emit(NamedEvent{"fifth.name"});
    bus.run_pending();
    CHECK(direct == std::vector<std::string>{"third.name", "third.name"});
    CHECK(queued == std::vector<std::string>{"fourth.name"});
    CHECK(bus.history().query({.name = "fifth.name"}).size() == 1);
    CHECK(bus.stats().by_name.at("(other)").emitted == 5);
    // Types are not unbounded: they keep their names.
    bus.emit(Tick{});
    CHECK(bus.stats().by_name.at("test.tick").emitted == 1);
}

TEST_CASE("subscribing to names that never end is bounded, too", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 10}, .max_names = 50});
    const double growth = growth_over(20, [&](int round) {
        for (int i = 0; i < 50; ++i) {
            const std::string name = "some.name-" + std::to_string(round * 50 + i);
            int calls = 0;
            const auto named = bus.subscribe(name, [&](const Record&) { ++calls; }, {.delivery = Delivery::direct});
            const auto wild = bus.subscribe(name + ".*", [&](const Record&) { ++calls; });
            bus.emit(NamedEvent{name});
            REQUIRE(calls == 1);
        }
    });
    CHECK(growth < 1.05);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("subscriptions that come and go leave nothing behind", "[bounded][promise-7]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus({.history = {.capacity = 10}, .pool = {.threads = 1}});
    const double growth = growth_over(20, [&](int) {
        for (int i = 0; i < 50; ++i) {
            Subscription one =
                bus.subscribe<Tick>([big = std::string(100, 'x')](const Tick&) {}, {.delivery = delivery});
            Subscription two = bus.subscribe("*", [](const Record&) {}, {.delivery = delivery});
            bus.emit(Tick{}).wait();
        }
        bus.emit(Tick{});
    });
    CHECK(growth < 1.25);
}

TEST_CASE("queued subscriptions that end before their events are run leave nothing behind", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 10}, .pool = {.threads = 0}});
    const double growth = growth_over(20, [&](int) {
        for (int i = 0; i < 50; ++i) {
            const auto subscription = bus.subscribe<Tick>([](const Tick&) {});
            bus.emit(Tick{});
        }
    });
    CHECK(growth < 1.25);
}

TEST_CASE("full mailboxes keep memory flat whatever their policy", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 10}, .pool = {.threads = 0}});
    using hindsight::Overflow;
    std::vector<Subscription> subscriptions;
    for (const Overflow overflow :
         {Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::conflate}) {
        subscriptions.push_back(bus.subscribe("*", [](const Record&) {},
                                              {.mailbox = {.capacity = 50, .overflow = overflow, .hard_limit = 100}}));
    }
    const double growth = growth_over(20, [&](int round) {
        for (int i = 0; i < 200; ++i) bus.emit(Tick{}, {.key = std::to_string(round * 200 + i)});
    });
    CHECK(growth < 1.05);
    CHECK(subscriptions[0].stats().queue_depth == 100);
    for (std::size_t i = 1; i < 4; ++i) CHECK(subscriptions[i].stats().queue_depth == 50);
    CHECK(subscriptions[0].stats().dropped == 3'900);
    CHECK(subscriptions[3].stats().dropped == 3'950);
}

TEST_CASE("failing handlers keep memory flat", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 10}, .on_error = [](const auto&) {}});
    const auto failing = bus.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
    const double growth = growth_over(10, [&](int) {
        for (int i = 0; i < 100; ++i) bus.emit(Tick{});
    });
    CHECK(growth < 1.05);
}

TEST_CASE("failing handlers of subscriptions that come and go keep memory flat", "[bounded][promise-7]") {
    EventBus bus({.history = {.capacity = 10}, .on_error = [](const auto&) {}});
    const auto fail_often = [&](int times) {
        for (int i = 0; i < times; ++i) {
            const auto failing = bus.subscribe<Tick>([](const Tick&) { throw 1; },
                                                     {.name = "short-lived", .delivery = Delivery::direct});
            bus.emit(Tick{});
        }
    };
    fail_often(5'000);
    const double growth = growth_over(5, [&](int) { fail_often(500); });
    CHECK(growth < 1.05);
}

TEST_CASE("an event that is neither kept nor queued needs no memory, any other needs one piece", "[bounded]") {
    const auto allocations_of = [](EventBus& bus) {
        const auto emit = [&](int times) {
            for (int i = 0; i < times; ++i) bus.emit(Tick{i}, {.source = "some-source", .key = "some-key"});
        };
        emit(50);  // history is full, and knows these texts
        const std::size_t before = allocations;
        emit(100);
        return allocations - before;
    };
    SECTION("not kept") {
        EventBus bus({.history = {.capacity = 0}});
        const auto direct = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
        CHECK(allocations_of(bus) == 0);
    }
    SECTION("kept by a policy of none") {
        EventBus bus({.history = {.policies = {{"test.*", hindsight::KeepNone{}}}}});
        CHECK(allocations_of(bus) == 0);
    }
    SECTION("kept") {
        EventBus bus({.history = {.capacity = 10}});
        const auto direct = bus.subscribe<Tick>([](const Record&) {}, {.delivery = Delivery::direct});
        CHECK(allocations_of(bus) <= 100);
    }
    SECTION("queued") {
        EventBus bus({.history = {.capacity = 0}, .executor = std::make_shared<InlineExecutor>()});
        const auto queued = bus.subscribe<Tick>([](const Tick&) {});
        CHECK(allocations_of(bus) <= 100);
    }
}

}  // namespace

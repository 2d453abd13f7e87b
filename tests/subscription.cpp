#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/subscription.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("subscriptions can be moved but not copied", "[subscription]") {
    STATIC_REQUIRE(std::is_nothrow_default_constructible_v<Subscription>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Subscription>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Subscription>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Subscription>);
}

TEST_CASE("a handle without a subscription does nothing", "[subscription]") {
    Subscription none;
    CHECK_FALSE(none.connected());
    CHECK(none.id() == 0);
    CHECK(none.disconnect());
    none.close();
    none.pause();
    none.resume();
    CHECK(none.stats().id == 0);
    std::move(none).detach();
    CHECK_FALSE(none.connected());
}

TEST_CASE("a subscription lasts until it is disconnected or its handle is destroyed", "[subscription]") {
    EventBus bus;
    int calls = 0;
    const auto count = [&](const Tick&) { ++calls; };

    Subscription first = bus.subscribe<Tick>(count, {.delivery = Delivery::direct});
    CHECK(first.connected());
    bus.emit(Tick{});
    CHECK(calls == 1);
    CHECK(first.disconnect());
    CHECK_FALSE(first.connected());
    CHECK(first.disconnect());
    bus.emit(Tick{});
    CHECK(calls == 1);

    {
        const Subscription second = bus.subscribe<Tick>(count, {.delivery = Delivery::direct});
        bus.emit(Tick{});
    }
    bus.emit(Tick{});
    CHECK(calls == 2);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("moving a handle moves the subscription", "[subscription]") {
    EventBus bus;
    std::string calls;
    Subscription a = bus.subscribe<Tick>([&](const Tick&) { calls += 'a'; }, {.delivery = Delivery::direct});
    Subscription b = bus.subscribe<Tick>([&](const Tick&) { calls += 'b'; }, {.delivery = Delivery::direct});

    Subscription moved(std::move(a));
    CHECK_FALSE(a.connected());
    CHECK(moved.connected());
    bus.emit(Tick{});
    CHECK(calls == "ab");

    // The one that it held before ends.
    moved = std::move(b);
    bus.emit(Tick{});
    CHECK(calls == "abb");
    CHECK(bus.subscription_count() == 1);

    moved = Subscription();
    bus.emit(Tick{});
    CHECK(calls == "abb");
}

TEST_CASE("a detached handler stays connected until the bus ends, and its state ends with the bus", "[subscription]") {
    const auto state = std::make_shared<int>(0);
    std::optional<EventBus> bus(std::in_place);
    bus->subscribe<Tick>([state](const Tick&) { ++*state; }, {.delivery = Delivery::direct}).detach();
    CHECK(bus->subscription_count() == 1);
    bus->emit(Tick{});
    CHECK(*state == 1);
    bus.reset();
    CHECK(state.use_count() == 1);
}

TEST_CASE("a closed subscription is called no more", "[subscription]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    Subscription subscription = bus.subscribe<Tick>([state](const Tick&) { ++*state; }, {.delivery = Delivery::direct});
    subscription.close();
    CHECK_FALSE(subscription.connected());
    bus.emit(Tick{});
    CHECK(*state == 0);
    CHECK(state.use_count() == 1);
    CHECK(subscription.disconnect());
}

TEST_CASE("a paused direct subscription skips events and counts them", "[subscription]") {
    EventBus bus;
    std::vector<int> seen;
    Subscription subscription =
        bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); }, {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    subscription.pause();
    CHECK(subscription.connected());
    CHECK(subscription.stats().paused);
    const auto skipped = bus.emit(Tick{2});
    CHECK(skipped);
    CHECK(skipped.matched == 0);
    subscription.pause();
    subscription.resume();
    CHECK_FALSE(subscription.stats().paused);
    bus.emit(Tick{3});
    CHECK(seen == std::vector{1, 3});
    CHECK(subscription.stats().skipped == 1);
    CHECK(subscription.stats().delivered == 2);
}

TEST_CASE("events that wait when a subscription is paused are still delivered", "[subscription]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::vector<int> seen;
    Subscription subscription =
        bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); }, {.executor = executor});
    bus.emit(Tick{1});
    subscription.pause();
    CHECK(bus.emit(Tick{2}).queued == 0);
    executor->run_all();
    CHECK(seen == std::vector{1});
    subscription.resume();
    CHECK(bus.emit(Tick{3}).queued == 1);
    executor->run_all();
    CHECK(seen == std::vector{1, 3});
    CHECK(subscription.stats().skipped == 1);
}

TEST_CASE("ids are unique and increase", "[subscription]") {
    EventBus bus;
    const auto ignore = [](const Tick&) {};
    Subscription first = bus.subscribe<Tick>(ignore);
    const auto first_id = first.id();
    CHECK(first_id > 0);
    first.disconnect();
    const Subscription second = bus.subscribe<Tick>(ignore);
    CHECK(second.id() > first_id);
}

TEST_CASE("a subscription tells what it is and what it did, also after its end", "[subscription]") {
    EventBus bus;
    Subscription subscription = bus.subscribe<Tick>(
        [](const Tick& tick) {
            if (tick.number == 2) throw std::runtime_error("two");
        },
        {.name = "counter",
         .delivery = Delivery::direct,
         .priority = 7,
         .filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number < 3; })});
    const Subscription quiet = bus.subscribe("hindsight.handler_error", [](const hindsight::Record&) {});
    for (int i = 1; i <= 4; ++i) bus.emit(Tick{i});

    const auto check = [&](const hindsight::SubscriptionStatistics& stats) {
        CHECK(stats.id == subscription.id());
        CHECK(stats.name == "counter");
        CHECK(stats.pattern == "test.tick");
        CHECK(stats.delivery == Delivery::direct);
        CHECK(stats.priority == 7);
        CHECK(stats.delivered == 2);
        CHECK(stats.failed == 1);
        CHECK(stats.filtered == 2);
    };
    check(subscription.stats());
    subscription.disconnect();
    check(subscription.stats());
}

TEST_CASE("the handler may be move-only", "[subscription]") {
    EventBus bus;
    auto owned = std::make_unique<int>(0);
    int& calls = *owned;
    const Subscription typed =
        bus.subscribe<Tick>([owned = std::move(owned)](const Tick&) { ++*owned; }, {.delivery = Delivery::direct});
    bool called = false;
    const Subscription named = bus.subscribe("test.*",
                                             [flag = std::unique_ptr<bool, void (*)(bool*)>(&called, [](bool*) {})](
                                                 const hindsight::Record&) { *flag = true; },
                                             {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(calls == 1);
    CHECK(called);
}

TEST_CASE("subscriptions may outlive the bus", "[subscription][promise-13]") {
    const auto state = std::make_shared<std::atomic<int>>(0);
    Subscription direct, queued, named;
    {
        EventBus bus;
        direct = bus.subscribe<Tick>([state](const Tick&) { ++*state; }, {.name = "d", .delivery = Delivery::direct});
        queued = bus.subscribe<Tick>([state](const Tick&) { ++*state; });
        named = bus.subscribe("other.name", [state](const hindsight::Record&) { ++*state; });
        bus.emit(Tick{});
    }
    CHECK(*state == 2);
    CHECK(state.use_count() == 1);
    CHECK_FALSE(direct.connected());
    CHECK(direct.id() == 1);
    CHECK(direct.stats().name == "d");
    CHECK(direct.stats().delivered == 1);
    CHECK(queued.stats().delivered == 1);
    queued.pause();
    queued.resume();
    queued.close();
    CHECK(direct.disconnect());
    std::move(named).detach();
}

}  // namespace

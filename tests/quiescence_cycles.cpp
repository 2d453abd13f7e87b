// Promise 5: handlers and states that end each other do not wait for each other for ever.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("two handlers that disconnect each other at the same time both return", "[quiescence][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus({.pool = {.threads = 2}});
    std::latch both_inside(2);
    const auto state = std::make_shared<int>(0);
    std::array<Subscription, 2> subscriptions;
    std::array<std::atomic<int>, 2> results{};
    const auto handler_of = [&](std::size_t own) {
        return [&, own, state](const auto&) {
            both_inside.arrive_and_wait();
            results[own] = subscriptions[1 - own].disconnect() ? 1 : -1;
        };
    };
    subscriptions[0] = bus.subscribe<Tick>(handler_of(0), {.delivery = delivery});
    subscriptions[1] = bus.subscribe<Tock>(handler_of(1), {.delivery = delivery});
    auto tick = start([&] { bus.emit(Tick{}).wait(); });
    auto tock = start([&] { bus.emit(Tock{}).wait(); });
    get_soon(std::move(tick));
    get_soon(std::move(tock));
    // One of the two waited, the other was told that it cannot.
    CHECK(results[0] + results[1] == 0);
    for (Subscription& each : subscriptions) CHECK(each.disconnect());
    CHECK(state.use_count() == 1);
}

TEST_CASE("handlers that disconnect each other in a circle all return", "[quiescence][promise-5]") {
    const std::size_t count = GENERATE(3u, 9u);
    EventBus bus({.pool = {.threads = static_cast<unsigned>(count)}});
    std::latch all_inside(static_cast<std::ptrdiff_t>(count));
    const auto state = std::make_shared<int>(0);
    std::vector<Subscription> subscriptions(count);
    std::atomic<std::size_t> refused{0};
    for (std::size_t own = 0; own < count; ++own) {
        subscriptions[own] = bus.subscribe<Tick>([&, own, state](const Tick&) {
            all_inside.arrive_and_wait();
            refused += subscriptions[(own + 1) % count].disconnect() ? 0u : 1u;
        });
    }
    run_elsewhere([&] { bus.emit(Tick{}).wait(); });
    // All but one waited for the next.
    CHECK(refused == 1);
    for (Subscription& each : subscriptions) CHECK(each.disconnect());
    CHECK(state.use_count() == 1);
}

TEST_CASE("handlers of two buses that disconnect each other both return", "[quiescence][promise-5]") {
    EventBus left, right;
    std::latch both_inside(2);
    Subscription of_left, of_right;
    of_left = left.subscribe<Tick>(
        [&](const Tick&) {
            both_inside.arrive_and_wait();
            of_right.disconnect();
        },
        {.delivery = Delivery::direct});
    of_right = right.subscribe<Tick>(
        [&](const Tick&) {
            both_inside.arrive_and_wait();
            of_left.disconnect();
        },
        {.delivery = Delivery::direct});
    auto first = start([&] { left.emit(Tick{}); });
    auto second = start([&] { right.emit(Tick{}); });
    get_soon(std::move(first));
    get_soon(std::move(second));
    CHECK_FALSE(of_left.connected());
    CHECK_FALSE(of_right.connected());
}

TEST_CASE("state that owns its own subscription can be destroyed", "[quiescence][promise-5]") {
    EventBus bus;
    struct Owner {
        Subscription subscription;
    };
    auto owner = std::make_shared<Owner>();
    std::weak_ptr<Owner> watch = owner;
    owner->subscription = bus.subscribe<Tick>([owner](const Tick&) {}, {.delivery = Delivery::direct});
    Owner& kept = *owner;
    owner.reset();
    CHECK_FALSE(watch.expired());
    run_elsewhere([&] { kept.subscription.close(); });
    CHECK(watch.expired());
}

TEST_CASE("states whose destructors disconnect each other's subscriptions can be destroyed",
          "[quiescence][promise-5]") {
    EventBus bus;
    const auto first = std::make_shared<Subscription>();
    const auto second = std::make_shared<Subscription>();
    const auto end_of = [](const std::shared_ptr<Subscription>& other) {
        return std::shared_ptr<int>(new int(0), [other](int* number) {
            other->disconnect();
            delete number;
        });
    };
    *first = bus.subscribe<Tick>([end = end_of(second)](const Tick&) {});
    *second = bus.subscribe<Tick>([end = end_of(first)](const Tick&) {});
    auto one = start([&] { first->disconnect(); });
    auto other = start([&] { second->disconnect(); });
    get_soon(std::move(one));
    get_soon(std::move(other));
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

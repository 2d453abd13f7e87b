// Subscriptions that end by themselves after a number of calls.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("a handler with a limit is called that often, then its subscription ends", "[max_deliveries]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const std::size_t capacity = GENERATE(0u, 100u);
    EventBus bus({.history = {.capacity = capacity}});
    const auto state = std::make_shared<std::vector<int>>();
    Subscription subscription = bus.subscribe<Tick>([state](const Tick& tick) { state->push_back(tick.number); },
                                                    {.delivery = delivery, .max_deliveries = 2});
    for (int i = 1; i <= 2; ++i) bus.emit(Tick{i}).wait();
    CHECK_FALSE(subscription.connected());
    CHECK(bus.subscription_count() == 0);
    CHECK(bus.emit(Tick{3}).matched == 0);
    CHECK(subscription.disconnect());
    CHECK(*state == std::vector{1, 2});
    CHECK(state.use_count() == 1);
}

TEST_CASE("calls that throw count, filtered events do not", "[max_deliveries]") {
    EventBus bus({.on_error = [](const HandlerError&) {}});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            seen.push_back(tick.number);
            if (tick.number == 2) throw 2;
        },
        {.delivery = Delivery::direct,
         .filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number % 2 == 0; }),
         .max_deliveries = 2});
    for (int i = 1; i <= 8; ++i) bus.emit(Tick{i});
    CHECK(seen == std::vector{2, 4});
}

TEST_CASE("threads that emit at once do not exceed the limit", "[max_deliveries]") {
    constexpr int emitters = 4;
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const std::uint64_t limit = GENERATE(1u, 7u);
    for (int round = 0; round < 20; ++round) {
        EventBus bus({.history = {.capacity = round % 2 == 0 ? 0u : 10u}, .pool = {.threads = 2}});
        std::atomic<std::uint64_t> calls{0};
        Subscription subscription =
            bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = delivery, .max_deliveries = limit});
        std::latch together(emitters);
        std::vector<std::future<void>> threads;
        for (int i = 0; i < emitters; ++i) {
            threads.push_back(start([&] {
                together.arrive_and_wait();
                for (int n = 0; n < 10; ++n) bus.emit(Tick{n});
            }));
        }
        for (auto& thread : threads) get_soon(std::move(thread));
        bus.shutdown(patience);
        REQUIRE(calls == limit);
        CHECK(subscription.stats().delivered == limit);
        const auto stats = bus.stats();
        CHECK(stats.matched == stats.delivered + stats.discarded);
    }
}

TEST_CASE("a nested event takes the last call from the one around it, not a second one", "[max_deliveries]") {
    EventBus bus;
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            seen.push_back(tick.number);
            bus.emit(Tick{tick.number + 1});
        },
        {.delivery = Delivery::direct, .max_deliveries = 3});
    bus.emit(Tick{1});
    CHECK(seen == std::vector{1, 2, 3});
    CHECK_FALSE(subscription.connected());
}

TEST_CASE("events that wait behind the last call are discarded and counted", "[max_deliveries][promise-8]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    int calls = 0;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.executor = executor, .max_deliveries = 1});
    for (int i = 0; i < 4; ++i) bus.emit(Tick{});
    const auto last = bus.emit(Tick{});
    executor->run_all();
    CHECK(calls == 1);
    CHECK(last.wait_for(hindsight::Duration::zero()));
    CHECK(subscription.stats().discarded == 4);
    CHECK(bus.stats().discarded == 4);
}

}  // namespace

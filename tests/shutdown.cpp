#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <utility>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Outcome;
using hindsight::Record;
using hindsight::ShutdownReport;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("shutdown delivers everything that waits", "[shutdown][promise-8]") {
    EventBus bus({.pool = {.threads = 2}});
    int ticks = 0, all = 0;
    const auto a = bus.subscribe<Tick>([&](const Tick&) { ++ticks; });
    const auto b = bus.subscribe("*", [&](const Record&) { ++all; });
    for (int i = 0; i < 500; ++i) {
        bus.emit(Tick{});
        bus.emit(Tock{});
    }
    const ShutdownReport report = bus.shutdown(patience);
    CHECK(report.drained);
    CHECK(report.undelivered == 0);
    CHECK(report.by_subscription.empty());
    CHECK(ticks == 500);
    CHECK(all == 1000);
}

TEST_CASE("after shutdown events and subscriptions are refused and history is readable", "[shutdown]") {
    EventBus bus;
    int calls = 0;
    Subscription subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    bus.shutdown(patience);
    CHECK_FALSE(subscription.connected());
    CHECK(bus.subscription_count() == 0);

    const auto refused = bus.emit(Tick{2});
    CHECK_FALSE(refused);
    CHECK(refused.outcome == Outcome::closed);
    CHECK(refused.matched == 0);
    CHECK(bus.emit(Tock{}).outcome == Outcome::closed);
    CHECK(bus.stats().refused_closed == 2);
    CHECK(bus.stats().emitted == 1);
    CHECK(calls == 1);
    CHECK_THROWS_AS(static_cast<void>(bus.subscribe<Tick>([](const Tick&) {})), hindsight::Closed);
    CHECK_THROWS_AS(static_cast<void>(bus.subscribe("a.*", [](const Record&) {})), hindsight::Closed);

    const auto kept = bus.history().query<Tick>();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0]->number == 1);
    CHECK(bus.history().last_seq() == 1);
}

TEST_CASE("handlers that are drained may still emit, and that is delivered too", "[shutdown][promise-8]") {
    EventBus bus({.pool = {.threads = 2}});
    std::latch closing(1);
    int last = 0;
    const auto chain = bus.subscribe<Tick>([&](const Tick& tick) {
        closing.wait();
        last = tick.number;
        if (tick.number < 20) bus.emit(Tick{tick.number + 1});
    });
    bus.emit(Tick{1});
    auto shutdown = start([&] { return bus.shutdown(patience); });
    // Emits from outside are refused from now on.
    spin_until([&] { return bus.emit(Tock{}).outcome == Outcome::closed; });
    closing.count_down();
    const auto report = get_soon(std::move(shutdown));
    CHECK(report.drained);
    CHECK(last == 20);
    CHECK(bus.stats().by_name.at("test.tick").emitted == 20);
}

TEST_CASE("a second shutdown does nothing, and reports what the first did", "[shutdown]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    bus.emit(Tick{});
    CHECK(bus.shutdown(Duration::zero()).undelivered == 1);
    const auto second = bus.shutdown(patience);
    CHECK_FALSE(second.drained);
    CHECK(second.undelivered == 1);
    REQUIRE(second.by_subscription.size() == 1);
    CHECK(second.by_subscription[0].subscription == subscription.id());
}

TEST_CASE("two threads can shut down at the same time", "[shutdown]") {
    EventBus bus;
    std::atomic<int> calls{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; });
    for (int i = 0; i < 100; ++i) bus.emit(Tick{});
    std::latch together(2);
    const auto shut = [&] {
        together.arrive_and_wait();
        const auto report = bus.shutdown(patience);
        return report.drained && calls == 100;
    };
    auto first = start(shut);
    auto second = start(shut);
    CHECK(get_soon(std::move(first)));
    CHECK(get_soon(std::move(second)));
}

TEST_CASE("emitters that wait for room wake up, refused", "[shutdown][promise-9]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::latch waits(1);
    std::atomic_flag told;
    executor->on_question = [&] {
        if (!told.test_and_set()) waits.count_down();
    };
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1}, .executor = executor});
    bus.emit(Tick{});
    auto emitter = start([&] { return bus.emit(Tick{}); });
    waits.wait();
    CHECK(bus.shutdown(Duration::zero()).undelivered == 1);
    const auto refused = get_soon(std::move(emitter));
    CHECK_FALSE(refused);
    CHECK(refused.outcome == Outcome::closed);
    CHECK(bus.history().size() == 1);
}

TEST_CASE("shutdown does not wait any longer for events that go otherwise", "[shutdown][promise-9]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    Subscription subscription = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    bus.emit(Tick{});
    auto shutdown = start([&] { return bus.shutdown(std::chrono::seconds(20)); });
    spin_until([&] { return bus.emit(Tock{}).outcome == Outcome::closed; });
    let_others_run();
    SECTION("their subscription ends") {
        subscription.disconnect();
    }
    SECTION("their executor gives up") {
        executor->drop_all();
    }
    SECTION("they are retired") {
        bus.retire<Tick>();
    }
    CHECK(shutdown.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    get_soon(std::move(shutdown));
}

TEST_CASE("a negative timeout is refused and changes nothing", "[shutdown][promise-6]") {
    EventBus bus;
    CHECK(refuses<hindsight::InvalidArgument>("timeout", [&] { bus.shutdown(Duration(-1)); }));
    CHECK(bus.emit(Tick{}));
}

TEST_CASE("a bus without a pool is drained by the thread that shuts it down", "[shutdown]") {
    EventBus bus({.pool = {.threads = 0}});
    int calls = 0;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) {
        ++calls;
        if (tick.number < 5) bus.emit(Tick{tick.number + 1});
    });
    bus.emit(Tick{1});
    CHECK(bus.shutdown(patience).drained);
    CHECK(calls == 5);
}

}  // namespace

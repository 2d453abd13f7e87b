// SingleThreadedBus, and buses without a pool: queued handlers run in run_pending.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::InlineExecutor;
using hindsight::InvalidArgument;
using hindsight::ManualClock;
using hindsight::Record;
using hindsight::SingleThreadedBus;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// Makes buses of either kind without threads.
template <class Bus>
BusOptions without_threads() {
    BusOptions options;
    if constexpr (std::is_same_v<Bus, EventBus>) options.pool.threads = 0;
    return options;
}

TEMPLATE_TEST_CASE("queued handlers run in run_pending, on the thread that calls it", "[single_threaded]", EventBus,
                   SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    std::vector<int> seen;
    std::thread::id thread;
    const auto subscription = bus.template subscribe<Tick>([&](const Tick& tick) {
        seen.push_back(tick.number);
        thread = std::this_thread::get_id();
    });
    CHECK(bus.run_pending() == 0);
    for (int i = 1; i <= 5; ++i) CHECK(bus.emit(Tick{i}).queued == 1);
    CHECK(seen.empty());
    CHECK(bus.run_pending(2) == 2);
    CHECK(seen == std::vector{1, 2});
    CHECK(bus.run_pending(0) == 0);
    CHECK(bus.run_pending(1) == 1);
    CHECK(bus.run_pending() == 2);
    CHECK(seen == std::vector{1, 2, 3, 4, 5});
    CHECK(thread == std::this_thread::get_id());
    CHECK(bus.run_pending() == 0);
}

TEMPLATE_TEST_CASE("run_pending counts calls of handlers, and goes on until it has made as many as it may",
                   "[single_threaded]", EventBus, SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    int calls = 0;
    const auto emit_five = [&] {
        for (int i = 0; i < 5; ++i) bus.emit(Tick{});
    };
    SECTION("what max_deliveries leaves is not run") {
        const auto twice = bus.template subscribe<Tick>([&](const Tick&) { ++calls; }, {.max_deliveries = 2});
        emit_five();
        CHECK(bus.run_pending() == 2);
    }
    SECTION("nor what is for a receiver that is gone") {
        struct Receiver {
            void on_tick(const Tick&) {}
        };
        const auto receiver = std::make_shared<Receiver>();
        auto copy = std::make_shared<Receiver>();
        const auto gone = bus.template subscribe<Tick>(copy, &Receiver::on_tick);
        const auto here = bus.template subscribe<Tick>([&](const Tick&) { ++calls; });
        emit_five();
        copy.reset();
        CHECK(bus.run_pending(2) == 2);
        CHECK(calls == 2);
        CHECK(bus.run_pending() == 3);
    }
    SECTION("nor what waits when a handler ends its subscription, or the bus") {
        const bool all = GENERATE(false, true);
        const auto subscription = bus.template subscribe<Tick>([&](const Tick&) {
            ++calls;
            if (all) {
                bus.shutdown(hindsight::Duration::zero());
            } else {
                hindsight::this_handler::disconnect();
            }
        });
        emit_five();
        CHECK(bus.run_pending() == 1);
    }
    CHECK(bus.run_pending() == 0);
    CHECK(bus.stats().delivered == static_cast<std::uint64_t>(calls));
}

TEMPLATE_TEST_CASE("run_pending also runs what the handlers bring about", "[single_threaded]", EventBus,
                   SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    int ticks = 0, tocks = 0;
    const auto a = bus.template subscribe<Tick>([&](const Tick& tick) {
        ++ticks;
        bus.emit(Tock{});
        if (tick.number < 10) bus.emit(Tick{tick.number + 1});
    });
    const auto b = bus.template subscribe<Tock>([&](const Tock&) { ++tocks; });
    bus.emit(Tick{1});
    CHECK(bus.run_pending() == 20);
    CHECK(ticks == 10);
    CHECK(tocks == 10);
}

TEMPLATE_TEST_CASE("run_pending inside a handler runs the others and returns", "[single_threaded]", EventBus,
                   SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    std::string calls;
    const auto a = bus.template subscribe<Tick>([&](const Tick& tick) {
        calls += 'a' + std::to_string(tick.number);
        if (tick.number == 1) bus.run_pending();
        calls += 'A' + std::to_string(tick.number);
    });
    const auto b = bus.template subscribe<Tick>([&](const Tick& tick) { calls += 'b' + std::to_string(tick.number); });
    bus.emit(Tick{1});
    bus.emit(Tick{2});
    bus.run_pending();
    std::string expected;
    for (const std::string part : {"a1", "b1", "b2", "A1", "a2", "A2"}) expected += part;
    CHECK(calls.size() == expected.size());
    // One handler is never run inside itself.
    CHECK(calls.find("A1") < calls.find("a2"));
    CHECK(calls.find("b1") < calls.find("A1"));
}

TEMPLATE_TEST_CASE("nothing blocks: a full mailbox grows, then drops", "[single_threaded][promise-9]", EventBus,
                   SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    std::vector<int> seen;
    const auto subscription = bus.template subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                                           {.mailbox = {.capacity = 1, .hard_limit = 3}});
    for (int i = 1; i <= 5; ++i) bus.emit(Tick{i});
    CHECK(subscription.stats().dropped == 2);
    bus.run_pending();
    CHECK(seen == std::vector{1, 2, 3});
}

TEMPLATE_TEST_CASE("receipts that only run_pending could complete are not waited for", "[single_threaded][promise-9]",
                   EventBus, SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    const auto subscription = bus.template subscribe<Tick>([](const Tick&) {});
    const auto receipt = bus.emit(Tick{});
    CHECK(refuses<hindsight::WouldDeadlock>("the handler #1 of \"test.tick\"", [&] { receipt.wait(); }));
    CHECK(refuses<hindsight::WouldDeadlock>("call run_pending() first", [&] { receipt.wait(); }));
    bus.run_pending();
    receipt.wait();
}

TEMPLATE_TEST_CASE("the destructor runs what is pending", "[single_threaded]", EventBus, SingleThreadedBus) {
    int calls = 0;
    {
        TestType bus(without_threads<TestType>());
        bus.template subscribe<Tick>([&](const Tick&) { ++calls; }).detach();
        bus.emit(Tick{});
        bus.emit(Tick{});
    }
    CHECK(calls == 2);
}

TEMPLATE_TEST_CASE("several subscriptions take their turns in the order of their first events", "[single_threaded]",
                   EventBus, SingleThreadedBus) {
    TestType bus(without_threads<TestType>());
    std::string calls;
    const auto a = bus.template subscribe<Tick>([&](const Tick&) { calls += 'a'; });
    const auto b = bus.template subscribe<Tock>([&](const Tock&) { calls += 'b'; });
    bus.emit(Tock{});
    bus.emit(Tick{});
    bus.emit(Tock{});
    bus.run_pending();
    CHECK(calls == "bba");
}

TEST_CASE("a single-threaded bus does everything else, too", "[single_threaded]") {
    const auto clock = std::make_shared<ManualClock>();
    SingleThreadedBus bus({.history = {.capacity = 3}, .clock = clock, .on_error = [](const auto&) {}});
    int direct = 0, pattern = 0;
    Subscription a = bus.subscribe<Tick>([&](const Tick&) { ++direct; }, {.delivery = Delivery::direct});
    const auto b = bus.subscribe("test.*", [&](const Record&) {
        ++pattern;
        throw 1;
    });
    clock->advance(std::chrono::seconds(1));
    for (int i = 0; i < 5; ++i) bus.emit(Tick{i});
    bus.run_pending();
    CHECK(direct == 5);
    CHECK(pattern == 5);
    CHECK(bus.stats().failed == 5);
    CHECK(bus.history().size() == 3 + 5);
    CHECK(bus.history().query<Tick>().front()->number == 2);
    CHECK(bus.history().query().back().time() == clock->now());
    a.disconnect();
    CHECK(bus.subscription_count() == 1);
    CHECK(bus.shutdown(std::chrono::seconds(1)).drained);
    CHECK(bus.emit(Tick{}).outcome == hindsight::Outcome::closed);
}

TEST_CASE("a single-threaded bus takes no threads and no executors", "[single_threaded]") {
    CHECK(refuses<InvalidArgument>("threads", [] { SingleThreadedBus({.pool = {.threads = 2}}); }));
    CHECK(refuses<InvalidArgument>("executor",
                                   [] { SingleThreadedBus({.executor = std::make_shared<InlineExecutor>()}); }));
    SingleThreadedBus bus({.pool = {.threads = 0}});
    CHECK(refuses<InvalidArgument>("executor", [&] {
        static_cast<void>(bus.subscribe<Tick>([](const Tick&) {}, {.executor = std::make_shared<InlineExecutor>()}));
    }));
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("run_pending does nothing where a pool runs the handlers", "[single_threaded]") {
    EventBus bus;
    std::thread::id thread;
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { thread = std::this_thread::get_id(); });
    const auto receipt = bus.emit(Tick{});
    CHECK(bus.run_pending() == 0);
    receipt.wait();
    CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("one thread may call run_pending while another makes the first queued subscription", "[single_threaded]") {
    EventBus bus({.pool = {.threads = 0}});
    std::atomic<bool> done{false};
    auto runner = start([&] {
        while (!done) bus.run_pending();
        return bus.run_pending();
    });
    std::atomic<int> calls{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; });
    bus.emit(Tick{});
    done = true;
    get_soon(std::move(runner));
    CHECK(calls == 1);
}

TEST_CASE("several threads may share the work of run_pending, one event at a time for each handler",
          "[single_threaded][promise-2]") {
    EventBus bus({.pool = {.threads = 0}});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); });
    const auto receipt = [&] {
        hindsight::Receipt last;
        for (int i = 0; i < 300; ++i) last = bus.emit(Tick{i});
        return last;
    }();
    std::vector<std::future<std::size_t>> runners;
    for (int i = 0; i < 3; ++i) runners.push_back(start([&] { return bus.run_pending(100); }));
    std::size_t total = 0;
    for (auto& runner : runners) total += get_soon(std::move(runner));
    total += bus.run_pending();
    CHECK(total == 300);
    REQUIRE(seen.size() == 300);
    CHECK(std::ranges::is_sorted(seen));
}

}  // namespace

#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InlineExecutor;
using hindsight::Record;
using hindsight::Seq;
using hindsight::Subscription;
using hindsight::ThreadPool;
using namespace hindsight::test;

namespace {

TEST_CASE("queued delivery is the default and runs on the bus's pool", "[delivery_queued]") {
    EventBus bus({.pool = {.threads = 1}});
    std::atomic<std::thread::id> thread;
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { thread = std::this_thread::get_id(); });
    const auto receipt = bus.emit(Tick{});
    CHECK(receipt.matched == 1);
    CHECK(receipt.queued == 1);
    receipt.wait();
    CHECK(thread.load() != std::thread::id());
    CHECK(thread.load() != std::this_thread::get_id());
    CHECK(subscription.stats().delivery == Delivery::queued);
}

TEST_CASE("emit does not wait for queued handlers", "[delivery_queued]") {
    EventBus bus;
    std::latch release(1);
    std::atomic<int> handled{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) {
        release.wait();
        ++handled;
    });
    const auto receipt = bus.emit(Tick{});
    bus.emit(Tick{});
    CHECK(handled == 0);
    CHECK(subscription.stats().queue_depth == 2);
    release.count_down();
    receipt.wait();
    CHECK(handled >= 1);
}

TEST_CASE("a queued subscription sees all events one at a time in seq order, whichever threads emit",
          "[delivery_queued][promise-2]") {
    constexpr int emitters = 3, events = 500;
    EventBus bus({.history = {.capacity = emitters * events}, .pool = {.threads = 3}});
    std::vector<std::vector<Seq>> seen(3);
    std::atomic<int> inside{0}, overlaps{0};
    std::vector<Subscription> subscriptions;
    subscriptions.push_back(bus.subscribe<Tick>([&](const Tick&, const Record& record) {
        if (++inside != 1) ++overlaps;
        seen[0].push_back(record.seq());
        --inside;
    }));
    subscriptions.push_back(bus.subscribe("test.*", [&](const Record& record) { seen[1].push_back(record.seq()); },
                                          {.mailbox = {.capacity = 4}}));
    subscriptions.push_back(bus.subscribe<Tick>([&](const Record& record) { seen[2].push_back(record.seq()); },
                                                {.mailbox = {.capacity = 10'000}}));
    std::latch together(emitters);
    std::vector<std::future<void>> threads;
    for (int i = 0; i < emitters; ++i) {
        threads.push_back(start([&] {
            together.arrive_and_wait();
            for (int n = 0; n < events; ++n) bus.emit(Tick{n});
        }));
    }
    for (auto& thread : threads) get_soon(std::move(thread));
    CHECK(bus.shutdown(patience).drained);

    std::vector<Seq> expected;
    for (const Record& record : bus.history().query()) expected.push_back(record.seq());
    REQUIRE(expected.size() == emitters * events);
    for (const auto& each : seen) CHECK(each == expected);
    CHECK(overlaps == 0);
}

TEST_CASE("a slow subscription does not hold up the others", "[delivery_queued]") {
    EventBus bus({.pool = {.threads = 2}});
    std::latch release(1);
    std::latch fast_is_done(10);
    std::atomic<int> slow_calls{0};
    const auto slow = bus.subscribe<Tick>([&](const Tick&) {
        release.wait();
        ++slow_calls;
    });
    const auto fast = bus.subscribe<Tick>([&](const Tick&) { fast_is_done.count_down(); });
    for (int i = 0; i < 10; ++i) bus.emit(Tick{i});
    fast_is_done.wait();
    CHECK(slow_calls == 0);
    release.count_down();
}

TEST_CASE("one busy subscription leaves a single thread to the others from time to time", "[delivery_queued]") {
    const auto pool = std::make_shared<ThreadPool>(1);
    EventBus bus({.executor = pool});
    std::latch first_call(1), all_queued(1);
    std::vector<char> order;
    const auto busy = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            if (tick.number == 0) {
                first_call.count_down();
                all_queued.wait();
            }
            order.push_back('b');
        },
        {.mailbox = {.capacity = 10'000}});
    const auto other = bus.subscribe<Tock>([&](const Tock&) { order.push_back('o'); });
    bus.emit(Tick{0});
    first_call.wait();
    for (int i = 1; i < 5'000; ++i) bus.emit(Tick{i});
    bus.emit(Tock{});
    all_queued.count_down();
    CHECK(bus.shutdown(patience).drained);
    CHECK(order.size() == 5'001);
    CHECK(order.back() == 'b');
}

TEST_CASE("a handler that throws at the first of five waiting events gets the other four",
          "[delivery_queued][promise-3]") {
    std::atomic<int> errors{0};
    EventBus bus({.on_error = [&](const HandlerError&) { ++errors; }});
    const auto executor = std::make_shared<ManualExecutor>();
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            if (tick.number == 1) throw std::runtime_error("first");
            seen.push_back(tick.number);
        },
        {.executor = executor});
    for (int i = 1; i <= 5; ++i) bus.emit(Tick{i});
    executor->run_all();
    CHECK(seen == std::vector{2, 3, 4, 5});
    CHECK(errors == 1);
    // The bus goes on.
    bus.emit(Tick{6});
    executor->run_all();
    CHECK(seen.back() == 6);
}

TEST_CASE("a subscription's executor is used instead of the bus's", "[delivery_queued]") {
    const auto of_bus = std::make_shared<ManualExecutor>();
    const auto own = std::make_shared<ManualExecutor>();
    EventBus bus({.executor = of_bus});
    std::string calls;
    const auto a = bus.subscribe<Tick>([&](const Tick&) { calls += 'a'; });
    const auto b = bus.subscribe<Tick>([&](const Tick&) { calls += 'b'; }, {.executor = own});
    bus.emit(Tick{});
    CHECK(of_bus->waiting() == 1);
    CHECK(own->waiting() == 1);
    own->run_all();
    CHECK(calls == "b");
    of_bus->run_all();
    CHECK(calls == "ba");
}

TEST_CASE("one task is enough for all events that wait", "[delivery_queued]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus({.executor = executor});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); });
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
    CHECK(executor->waiting() == 1);
    executor->run_one();
    CHECK(seen == std::vector{1, 2, 3});
}

TEST_CASE("an executor that runs tasks on the spot delivers before emit returns", "[delivery_queued]") {
    EventBus bus({.executor = std::make_shared<InlineExecutor>()});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) {
        seen.push_back(tick.number);
        // Still one at a time: the next one comes when this one has returned.
        if (tick.number < 3) bus.emit(Tick{tick.number + 1});
        seen.push_back(-tick.number);
    });
    const auto receipt = bus.emit(Tick{1});
    CHECK(seen == std::vector{1, -1, 2, -2, 3, -3});
    CHECK(receipt.wait_for(hindsight::Duration::zero()));
}

TEST_CASE("a long queue on an executor that runs tasks on the spot is delivered whole", "[delivery_queued]") {
    EventBus bus({.executor = std::make_shared<InlineExecutor>()});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) {
        seen.push_back(tick.number);
        if (tick.number != 0) return;
        for (int i = 1; i <= 5'000; ++i) bus.emit(Tick{i});
    });
    bus.emit(Tick{0});
    REQUIRE(seen.size() == 5'001);
    CHECK(std::ranges::is_sorted(seen));
}

TEST_CASE("an executor that refuses a task fails the delivery and leaves nobody waiting", "[delivery_queued]") {
    std::atomic<int> errors{0};
    EventBus bus({.on_error = [&](const HandlerError& error) { errors += error.handler == "refused" ? 1 : 100; }});
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.name = "refused", .executor = std::make_shared<ThrowingExecutor>()});
    const auto receipt = bus.emit(Tick{});
    CHECK(receipt.wait_for(patience));
    CHECK(errors == 1);
    CHECK(subscription.stats().failed == 1);
    CHECK(subscription.stats().queue_depth == 0);
    bus.emit(Tick{}).wait();
    CHECK(errors == 2);
    const auto stats = bus.stats();
    CHECK(stats.matched == stats.delivered + stats.dropped + stats.conflated + stats.discarded);
}

TEST_CASE("tasks that an executor destroys unrun are counted as undelivered and leave nobody waiting",
          "[delivery_queued][promise-8]") {
    EventBus bus;
    SECTION("at once") {
        const auto subscription =
            bus.subscribe<Tick>([](const Tick&) {}, {.executor = std::make_shared<DroppingExecutor>()});
        CHECK(bus.emit(Tick{}).wait_for(patience));
        CHECK(subscription.stats().discarded == 1);
        CHECK(bus.stats().discarded == 1);
    }
    SECTION("later") {
        const auto executor = std::make_shared<ManualExecutor>();
        std::vector<int> seen;
        const auto subscription =
            bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); }, {.executor = executor});
        const auto first = bus.emit(Tick{1});
        const auto second = bus.emit(Tick{2});
        executor->drop_all();
        CHECK(first.wait_for(patience));
        CHECK(second.wait_for(patience));
        CHECK(subscription.stats().discarded == 2);
        bus.emit(Tick{3});
        executor->run_all();
        CHECK(seen == std::vector{3});
    }
}

TEST_CASE("waiting events are discarded and counted when their subscription ends", "[delivery_queued][promise-8]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    int calls = 0;
    Subscription subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.executor = executor});
    const auto receipt = bus.emit(Tick{});
    bus.emit(Tick{});
    CHECK(subscription.disconnect());
    CHECK(receipt.wait_for(patience));
    executor->run_all();
    CHECK(calls == 0);
    CHECK(subscription.stats().discarded == 2);
    CHECK(subscription.stats().queue_depth == 0);
    CHECK(bus.stats().discarded == 2);
}

}  // namespace

// Promise 9: the library itself never makes threads wait for each other.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::MailboxOptions;
using hindsight::Subscription;
using hindsight::ThreadPool;
using namespace hindsight::test;

namespace {

constexpr MailboxOptions tiny{.capacity = 1, .hard_limit = 1'000};

TEST_CASE("full mailboxes in a circle on a pool of one thread go on", "[no_deadlock][promise-9]") {
    EventBus bus({.pool = {.threads = 1}});
    std::atomic<int> calls{0};
    const auto on_tick = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            if (tick.number == 0) return;
            for (int i = 0; i < 2; ++i) bus.emit(Tock{tick.number - 1});
        },
        {.mailbox = tiny});
    const auto on_tock = bus.subscribe<Tock>(
        [&](const Tock& tock) {
            ++calls;
            if (tock.number == 0) return;
            for (int i = 0; i < 2; ++i) bus.emit(Tick{tock.number - 1});
        },
        {.mailbox = tiny});
    run_elsewhere([&] { bus.emit(Tick{6}); });
    CHECK(run_elsewhere([&] { return bus.shutdown(patience); }).drained);
    CHECK(calls == 127);
    CHECK(bus.stats().dropped == 0);
}

TEST_CASE("two buses that fill each other's mailboxes go on", "[no_deadlock][promise-9]") {
    EventBus left({.pool = {.threads = 1}}), right({.pool = {.threads = 1}});
    std::atomic<int> calls{0};
    const auto of_left = left.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            for (int i = 0; i < 2 && tick.number > 0; ++i) right.emit(Tick{tick.number - 1});
        },
        {.mailbox = tiny});
    const auto of_right = right.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            for (int i = 0; i < 2 && tick.number > 0; ++i) left.emit(Tick{tick.number - 1});
        },
        {.mailbox = tiny});
    run_elsewhere([&] { left.emit(Tick{6}); });
    spin_until([&] { return calls == 127; });
    CHECK(left.stats().dropped + right.stats().dropped == 0);
}

TEST_CASE("a pool of one thread that two buses share goes on", "[no_deadlock][promise-9]") {
    const auto pool = std::make_shared<ThreadPool>(1);
    EventBus left({.executor = pool}), right({.executor = pool});
    std::atomic<int> calls{0};
    const auto of_left = left.subscribe<Tick>(
        [&](const Tick&) {
            for (int i = 0; i < 10; ++i) right.emit(Tick{});
        },
        {.mailbox = tiny});
    const auto of_right = right.subscribe<Tick>([&](const Tick&) { ++calls; }, {.mailbox = tiny});
    run_elsewhere([&] {
        for (int i = 0; i < 10; ++i) left.emit(Tick{});
    });
    CHECK(left.shutdown(patience).drained);
    CHECK(right.shutdown(patience).drained);
    CHECK(calls == 100);
}

TEST_CASE("a user's loop that emits more than its own mailbox holds goes on", "[no_deadlock][promise-9]") {
    const auto loop = std::make_shared<ManualExecutor>();
    loop->claims_this_thread = true;
    EventBus bus;
    std::vector<int> seen;
    const auto window = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                            {.mailbox = tiny, .executor = loop});
    run_elsewhere([&] {
        for (int i = 0; i < 50; ++i) bus.emit(Tick{i});
    });
    CHECK(window.stats().queue_depth == 50);
    loop->run_all();
    CHECK(seen.size() == 50);
}

TEST_CASE("a direct handler that is disconnected while a mailbox that it fills is full goes on",
          "[no_deadlock][promise-9][promise-5]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto slow = bus.subscribe<Tock>([](const Tock&) {}, {.mailbox = tiny, .executor = executor});
    std::latch entered(1);
    Subscription forwarding;
    forwarding = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            spin_until([&] { return !forwarding.connected(); });
            for (int i = 0; i < 10; ++i) bus.emit(Tock{});
        },
        {.delivery = Delivery::direct});
    auto emitter = start([&] { bus.emit(Tick{}); });
    entered.wait();
    CHECK(run_elsewhere([&] { return forwarding.disconnect(); }));
    get_soon(std::move(emitter));
    CHECK(slow.stats().queue_depth == 10);
}

TEST_CASE("handlers that unsubscribe and subscribe inside themselves and each other go on",
          "[no_deadlock][promise-9]") {
    EventBus bus({.pool = {.threads = 2}});
    std::vector<Subscription> subscriptions(4);
    std::mutex mutex;
    std::atomic<int> calls{0};
    std::function<void(std::size_t)> renew = [&](std::size_t place) {
        Subscription fresh = bus.subscribe<Tick>(
            [&, place](const Tick& tick) {
                ++calls;
                if (tick.number % 3 == 0) renew((place + 1) % 4);
                if (tick.number % 3 == 1) renew(place);
            },
            {.delivery = place % 2 == 0 ? Delivery::direct : Delivery::queued});
        const std::lock_guard lock(mutex);
        std::swap(subscriptions[place], fresh);
        fresh.close();
    };
    for (std::size_t place = 0; place < 4; ++place) renew(place);
    std::vector<std::future<void>> emitters;
    for (int i = 0; i < 2; ++i) {
        emitters.push_back(start([&] {
            for (int n = 0; n < 100; ++n) bus.emit(Tick{n});
        }));
    }
    for (auto& emitter : emitters) get_soon(std::move(emitter));
    run_elsewhere([&] { bus.shutdown(patience); });
    CHECK(calls >= 200);
}

}  // namespace

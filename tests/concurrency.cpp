// SubscribeOptions::concurrency: queued handlers that run beside themselves.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/watching.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// Where calls wait until the test lets those of their number go.
class Gate {
public:
    void pass(int number) {
        {
            const std::lock_guard lock(mutex_);
            came_.push_back(number);
        }
        most_.store(std::max(most_.load(), ++inside_));
        spin_until([&] { return open_for_all_ || is_open_for(number); });
        --inside_;
    }
    void let_go(int number) {
        const std::lock_guard lock(mutex_);
        open_for_.insert(number);
    }
    void let_all_go() { open_for_all_ = true; }
    void wait_for_inside(int count) {
        spin_until([&] { return inside_ == count; });
    }
    void wait_for(int number) {
        spin_until([&] { return std::ranges::count(came(), number) > 0; });
    }
    std::vector<int> came() const {
        const std::lock_guard lock(mutex_);
        return came_;
    }
    int most() const { return most_; }
    int inside() const { return inside_; }

private:
    bool is_open_for(int number) const {
        const std::lock_guard lock(mutex_);
        return open_for_.contains(number);
    }

    mutable std::mutex mutex_;
    std::vector<int> came_;
    std::set<int> open_for_;
    std::atomic<bool> open_for_all_{false};
    std::atomic<int> inside_{0}, most_{0};
};

const auto pass = [](Gate& gate) { return [&gate](const Tick& tick) { gate.pass(tick.number); }; };

TEST_CASE("a handler runs beside itself as often as it may, and no more", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 4}});
    const auto subscription = bus.subscribe<Tick>(pass(gate), {.concurrency = 3});
    std::vector<Receipt> receipts;
    for (int i = 0; i < 8; ++i) receipts.push_back(bus.emit(Tick{i}));
    gate.wait_for_inside(3);
    let_others_run();
    CHECK(gate.inside() == 3);
    CHECK(subscription.stats().queue_depth == 8);
    // A free thread of the pool serves others.
    std::atomic<bool> tocked{false};
    const auto other = bus.subscribe<Tock>([&](const Tock&) { tocked = true; });
    bus.emit(Tock{}).wait();
    CHECK(tocked);
    gate.let_all_go();
    for (const Receipt& receipt : receipts) receipt.wait();
    CHECK(gate.most() == 3);
    CHECK(subscription.stats().delivered == 8);
    CHECK(subscription.stats().queue_depth == 0);
}

TEST_CASE("concurrent calls are given the events in seq order and end in any", "[concurrency][promise-2]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 3}});
    const auto subscription = bus.subscribe<Tick>(pass(gate), {.concurrency = 2});
    std::vector<Receipt> receipts;
    for (int i = 0; i < 5; ++i) receipts.push_back(bus.emit(Tick{i}));
    gate.wait_for_inside(2);
    for (const int number : {1, 2, 3}) {
        gate.let_go(number);
        gate.wait_for(number + 1);
        gate.wait_for_inside(2);
        // The event 0 is still in hand, and the one after those that are over.
        std::vector<int> came = gate.came();
        std::ranges::sort(came);
        CHECK(came.back() == number + 1);
        CHECK(came.size() == static_cast<std::size_t>(number) + 2);
        receipts[static_cast<std::size_t>(number)].wait();
    }
    CHECK_FALSE(receipts[0].wait_for(0s));
    gate.let_all_go();
    for (const Receipt& receipt : receipts) receipt.wait();
    CHECK(gate.most() == 2);
}

TEST_CASE("what makes no sense as concurrency is refused by name", "[concurrency]") {
    EventBus bus;
    const auto refused = [&](SubscribeOptions options) {
        CHECK_THROWS_AS(bus.subscribe<Tick>([](const Tick&) {}, options), InvalidArgument);
        try {
            bus.subscribe<Tick>([](const Tick&) {}, options).close();
        } catch (const InvalidArgument& error) {
            CHECK(std::string(error.what()).find("concurrency is " + std::to_string(options.concurrency)) !=
                  std::string::npos);
        }
    };
    refused({.concurrency = 0});
    refused({.concurrency = 4097});
    refused({.delivery = Delivery::direct, .concurrency = 2});
    refused({.delivery = Delivery::direct, .concurrency = 0});
    CHECK_THROWS_AS(bus.inbox<Tick>({.concurrency = 2}), InvalidArgument);
    CHECK(bus.subscription_count() == 0);
    const auto most = bus.subscribe<Tick>([](const Tick&) {}, {.concurrency = 4096});
    const auto one = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct, .concurrency = 1});
    CHECK(bus.subscription_count() == 2);
}

TEST_CASE("disconnect waits for all concurrent calls and destroys their state", "[concurrency][promise-5]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 3}});
    auto state = std::make_shared<int>(0);
    const std::weak_ptr<int> watching = state;
    auto subscription = bus.subscribe<Tick>(
        [&gate, state = std::move(state)](const Tick& tick) { gate.pass(tick.number); }, {.concurrency = 3});
    for (int i = 0; i < 5; ++i) bus.emit(Tick{i});
    gate.wait_for_inside(3);
    auto disconnecting = start([&] {
        const bool quiet = subscription.disconnect();
        return quiet && gate.inside() == 0 && watching.expired();
    });
    spin_until([&] { return bus.subscription_count() == 0; });
    for (const int number : {2, 0}) {
        gate.let_go(number);
        gate.wait_for_inside(number == 2 ? 2 : 1);
        let_others_run();
        CHECK(disconnecting.wait_for(0s) != std::future_status::ready);
    }
    gate.let_all_go();
    CHECK(get_soon(std::move(disconnecting)));
    CHECK(gate.came().size() == 3);
    CHECK(subscription.stats().discarded == 2);
}

TEST_CASE("two calls of one handler that disconnect it at once both return", "[concurrency][promise-5]") {
    for (int round = 0; round < 50; ++round) {
        EventBus bus({.pool = {.threads = 2}});
        auto state = std::make_shared<int>(0);
        const std::weak_ptr<int> watching = state;
        std::latch both(2);
        std::atomic<int> deferred{0};
        Subscription subscription;
        subscription = bus.subscribe<Tick>(
            [&, state = std::move(state)](const Tick&) {
                both.arrive_and_wait();
                if (!subscription.disconnect() && !watching.expired()) ++deferred;
            },
            {.concurrency = 2});
        std::vector<Receipt> receipts;
        std::uint64_t queued = 0;
        for (int i = 0; i < 4; ++i) queued += receipts.emplace_back(bus.emit(Tick{i})).queued;
        for (const Receipt& receipt : receipts) receipt.wait();
        spin_until([&] { return watching.expired(); });
        CHECK(deferred == 2);
        CHECK(subscription.stats().delivered == 2);
        CHECK(subscription.stats().discarded == queued - 2);
    }
}

TEST_CASE("limits on deliveries are exact beside each other", "[concurrency]") {
    for (const std::uint64_t limit : {1u, 2u, 5u}) {
        EventBus bus({.pool = {.threads = 4}});
        std::atomic<std::uint64_t> calls{0};
        const auto subscription = bus.subscribe<Tick>(
            [&](const Tick&) {
                ++calls;
                std::this_thread::yield();
            },
            {.max_deliveries = limit, .concurrency = 4});
        std::vector<Receipt> receipts;
        for (int i = 0; i < 50; ++i) receipts.push_back(bus.emit(Tick{i}));
        for (const Receipt& receipt : receipts) receipt.wait();
        bus.shutdown(1min);
        CHECK(calls == limit);
        CHECK(subscription.stats().delivered == limit);
        std::uint64_t queued = 0;
        for (const Receipt& receipt : receipts) queued += receipt.queued;
        CHECK(subscription.stats().discarded == queued - limit);
    }
}

TEST_CASE("mailboxes of concurrent handlers are exact", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 2}});
    const auto with = [](Overflow overflow) {
        return SubscribeOptions{.mailbox = {.capacity = 2, .overflow = overflow, .block_for = 0s}, .concurrency = 2};
    };
    const auto fill = [&](const Subscription& subscription) {
        for (int i = 0; i < 2; ++i) {
            bus.emit(Tick{i});
            gate.wait_for_inside(i + 1);
        }
        for (int i = 2; i < 6; ++i) bus.emit(Tick{i});
        CHECK(subscription.stats().queue_depth == (subscription.stats().conflated > 0 ? 3 : 4));
        gate.let_all_go();
        bus.shutdown(1min);
        std::vector<int> came = gate.came();
        std::ranges::sort(came);
        return came;
    };
    SECTION("drop_oldest") {
        const auto subscription = bus.subscribe<Tick>(pass(gate), with(Overflow::drop_oldest));
        CHECK(fill(subscription) == std::vector{0, 1, 4, 5});
        CHECK(subscription.stats().dropped == 2);
    }
    SECTION("drop_newest") {
        const auto subscription = bus.subscribe<Tick>(pass(gate), with(Overflow::drop_newest));
        CHECK(fill(subscription) == std::vector{0, 1, 2, 3});
        CHECK(subscription.stats().dropped == 2);
    }
    SECTION("block, until the time is over") {
        const auto subscription = bus.subscribe<Tick>(pass(gate), with(Overflow::block));
        CHECK(fill(subscription) == std::vector{0, 1, 2, 3});
        CHECK(subscription.stats().dropped == 2);
    }
    SECTION("conflate") {
        const auto subscription = bus.subscribe<Tick>(pass(gate), with(Overflow::conflate));
        CHECK(fill(subscription) == std::vector{0, 1, 5});
        CHECK(subscription.stats().conflated == 3);
    }
}

TEST_CASE("an emitter that waits for room goes on when any of the calls takes an event", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 2}});
    const auto subscription = bus.subscribe<Tick>(pass(gate), {.mailbox = {.capacity = 1}, .concurrency = 2});
    for (int i = 0; i < 2; ++i) {
        bus.emit(Tick{i});
        gate.wait_for_inside(i + 1);
    }
    bus.emit(Tick{2});
    auto emitting = start([&] { return bus.emit(Tick{3}).queued; });
    let_others_run();
    CHECK(emitting.wait_for(0s) != std::future_status::ready);
    gate.let_go(1);
    CHECK(get_soon(std::move(emitting)) == 1);
    gate.let_all_go();
    CHECK(bus.shutdown(1min).drained);
    CHECK(subscription.stats().delivered == 4);
}

TEST_CASE("shutdown waits for all concurrent calls, and reports what is left", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 3}});
    const auto subscription = bus.subscribe<Tick>(pass(gate), {.concurrency = 2});
    for (int i = 0; i < 5; ++i) bus.emit(Tick{i});
    gate.wait_for_inside(2);
    SECTION("in time") {
        auto ending = start([&] { return bus.shutdown(1min); });
        let_others_run();
        gate.let_go(0);
        gate.wait_for(2);
        CHECK(ending.wait_for(0s) != std::future_status::ready);
        gate.let_all_go();
        const ShutdownReport report = get_soon(std::move(ending));
        CHECK(report.drained);
        CHECK(gate.inside() == 0);
        CHECK(subscription.stats().delivered == 5);
    }
    SECTION("the time is over") {
        const ShutdownReport report = bus.shutdown(1ms);
        CHECK_FALSE(report.drained);
        CHECK(report.undelivered == 3);
        gate.let_all_go();
        gate.wait_for_inside(0);
        spin_until([&] { return subscription.stats().queue_depth == 0; });
        CHECK(subscription.stats().delivered == 2);
        CHECK(subscription.stats().discarded == 3);
    }
}

TEST_CASE("without threads each thread that runs what waits makes one call at a time", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 0}});
    const auto subscription = bus.subscribe<Tick>(pass(gate), {.concurrency = 8});
    for (int i = 0; i < 6; ++i) bus.emit(Tick{i});
    gate.let_go(0);
    CHECK(bus.run_pending(1) == 1);
    CHECK(gate.came() == std::vector{0});
    auto first = start([&] { return bus.run_pending(2); });
    gate.wait_for_inside(1);
    auto second = start([&] { return bus.run_pending(); });
    gate.wait_for_inside(2);
    let_others_run();
    CHECK(gate.most() == 2);
    gate.let_all_go();
    const std::size_t by_first = get_soon(std::move(first));
    CHECK(by_first <= 2);
    CHECK(by_first + get_soon(std::move(second)) + bus.run_pending() == 5);
    CHECK(subscription.stats().delivered == 6);
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    CHECK(bus.shutdown(1min).drained);
    CHECK(subscription.stats().delivered == 9);
}

TEST_CASE("a handler is never called inside itself, and one thread goes on in order", "[concurrency]") {
    EventBus bus({.executor = std::make_shared<InlineExecutor>()});
    std::vector<int> order;
    bool inside = false;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            CHECK_FALSE(std::exchange(inside, true));
            order.push_back(tick.number);
            if (tick.number < 3) bus.emit_many(std::vector{Tick{tick.number * 3}, Tick{tick.number * 3 + 1}});
            inside = false;
        },
        {.concurrency = 3});
    bus.emit(Tick{1});
    CHECK(order == std::vector{1, 3, 4});
    bus.emit_many(std::vector{Tick{2}, Tick{5}, Tick{8}});
    CHECK(order == std::vector{1, 3, 4, 2, 5, 8, 6, 7});
    CHECK(subscription.stats().queue_depth == 0);
}

TEST_CASE("one wake is under way at a time, and what a lost one leaves is given up", "[concurrency]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::size_t most = 0;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { most = std::max(most, executor->waiting()); },
                            {.mailbox = {.capacity = 3000}, .executor = executor, .concurrency = 4});
    for (int i = 0; i < 2500; ++i) bus.emit(Tick{i});
    CHECK(executor->waiting() == 1);
    executor->run_all();
    CHECK(most == 1);
    CHECK(subscription.stats().delivered == 2500);
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    executor->drop_all();
    CHECK(subscription.stats().discarded == 3);
    bus.emit(Tick{});
    executor->run_all();
    CHECK(subscription.stats().delivered == 2501);
}

TEST_CASE("late concurrent subscriptions are given each event once", "[concurrency]") {
    constexpr int past = 200, present = 200;
    EventBus bus({.history = {.capacity = past + present}, .pool = {.threads = 3}});
    for (int i = 0; i < past; ++i) bus.emit(Tick{i});
    std::latch begin(2);
    auto emitting = start([&] {
        begin.arrive_and_wait();
        for (int i = past; i < past + present; ++i) bus.emit(Tick{i});
    });
    std::vector<std::atomic<int>> given(past + present);
    begin.arrive_and_wait();
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick& tick) { ++given[static_cast<std::size_t>(tick.number)]; },
                            {.replay = Replay::last(past + present), .concurrency = 3});
    get_soon(std::move(emitting));
    CHECK(bus.shutdown(1min).drained);
    CHECK(std::ranges::all_of(given, [](const std::atomic<int>& times) { return times == 1; }));
}

TEST_CASE("each concurrent call is watched, and fails, by itself", "[concurrency]") {
    Gate gate;
    EventBus bus({.pool = {.threads = 3}, .on_error = [](const HandlerError&) {}, .watch = {.times = true}});
    std::mutex mutex;
    std::set<Seq> slow;
    const auto told = bus.subscribe<SlowHandler>(
        [&](const SlowHandler& event) {
            const std::lock_guard lock(mutex);
            slow.insert(event.record.seq());
        },
        {.delivery = Delivery::direct});
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            gate.pass(tick.number);
            throw std::runtime_error("tick");
        },
        {.quarantine = QuarantineOptions{.failures = 3}, .slow_after = 1ms, .concurrency = 2});
    const Seq first = bus.emit(Tick{0}).seq;
    const Seq second = bus.emit(Tick{1}).seq;
    spin_until([&] {
        const std::lock_guard lock(mutex);
        return slow.size() == 2;
    });
    CHECK(slow == std::set{first, second});
    gate.let_all_go();
    for (int i = 2; i < 10; ++i) bus.emit(Tick{i});
    CHECK(bus.shutdown(1min).drained);
    const SubscriptionStatistics stats = subscription.stats();
    CHECK(stats.quarantined);
    CHECK(stats.quarantines == 1);
    CHECK(stats.failed == stats.delivered);
    CHECK(stats.failed >= 3);
    CHECK(stats.failed <= 4);  // one more may have been running
    CHECK(stats.delivered + stats.discarded + stats.skipped == 10);
    CHECK(stats.run.count == stats.delivered);
}

TEST_CASE("concurrent handlers lose nothing whatever goes on", "[concurrency][promise-8]") {
    for (unsigned concurrency = 2; concurrency <= 5; ++concurrency) {
        constexpr int emitters = 2, events = 600;
        EventBus bus({.pool = {.threads = 3}});
        std::atomic<unsigned> inside{0}, most{0};
        std::atomic<std::uint64_t> calls{0};
        std::latch ready(emitters);
        auto subscription = bus.subscribe<Tick>(
            [&](const Tick& tick) {
                const unsigned now = ++inside;
                if (now > most) most = now;
                if (tick.number % 7 == 0) bus.emit(Tock{});
                if (tick.number % 50 == 0) std::this_thread::yield();
                ++calls;
                --inside;
            },
            {.mailbox = {.capacity = 8}, .concurrency = concurrency});
        std::atomic<std::uint64_t> tocks{0};
        const auto other = bus.subscribe<Tock>([&](const Tock&) { ++tocks; }, {.concurrency = 2});
        std::atomic<std::uint64_t> queued{0}, matched{0};
        std::vector<std::thread> threads;
        for (int e = 0; e < emitters; ++e) {
            threads.emplace_back([&] {
                ready.arrive_and_wait();
                for (int i = 0; i < events; ++i) {
                    const Receipt receipt = bus.emit(Tick{i});
                    queued += receipt.queued;
                    matched += receipt.matched;
                    if (i % 100 == 0) receipt.wait();
                    if (i == 400 && concurrency % 2 == 1) subscription.close();
                    if (i % 64 == 10) subscription.pause();
                    if (i % 64 == 12) subscription.resume();
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        if (concurrency % 2 == 1) CHECK(subscription.disconnect());
        if (concurrency % 2 == 1) CHECK(inside == 0);
        CHECK(bus.shutdown(1min).drained);
        const SubscriptionStatistics stats = subscription.stats();
        CHECK(most <= concurrency);
        CHECK(calls == stats.delivered);
        CHECK(stats.delivered + stats.discarded == queued);
        // Its last run is over for who disconnects a little before it is counted.
        spin_until([&] { return subscription.stats().queue_depth == 0; });
        CHECK(stats.dropped == 0);
        CHECK(tocks == other.stats().delivered);
    }
}

}  // namespace

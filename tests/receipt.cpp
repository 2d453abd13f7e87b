#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/receipt.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Subscription;
using hindsight::WouldDeadlock;
using namespace hindsight::test;

namespace {

TEST_CASE("a receipt of nothing is not accepted and waits for nothing", "[receipt]") {
    const Receipt none;
    CHECK_FALSE(none);
    CHECK(none.seq == 0);
    CHECK(none.outcome == Outcome::closed);
    none.wait();
    CHECK(none.wait_for(Duration::zero()));
    STATIC_REQUIRE(std::is_copy_constructible_v<Receipt>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<Receipt, bool>);
}

TEST_CASE("receipts count matched, queued and dropped deliveries", "[receipt]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto direct = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    const auto queued = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    const auto full =
        bus.subscribe("test.*", [](const Record&) {},
                      {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_newest}, .executor = executor});
    const auto other = bus.subscribe<Price>([](const Price&) {});
    const auto filtered = bus.subscribe<Tick>([](const Tick&) {}, {.filter = [](const Record&) { return false; }});
    const Receipt first = bus.emit(Tick{});
    CHECK(first.seq == 1);
    CHECK(first.outcome == Outcome::recorded);
    CHECK(first.matched == 3);
    CHECK(first.queued == 2);
    CHECK(first.dropped == 0);
    const Receipt second = bus.emit(Tick{});
    CHECK(second.seq == 2);
    CHECK(second.matched == 3);
    CHECK(second.queued == 1);
    CHECK(second.dropped == 1);
    CHECK_FALSE(second.wait_for(Duration::zero()));
    executor->run_all();
    CHECK(second.wait_for(Duration::zero()));
}

TEST_CASE("an event without handlers has a receipt all the same", "[receipt]") {
    EventBus bus({.history = {.policies = {{"test.tock", hindsight::KeepNone{}}}}});
    const Receipt kept = bus.emit(Tick{});
    CHECK(kept.outcome == Outcome::recorded);
    CHECK(kept.matched == 0);
    const Receipt not_kept = bus.emit(Tock{});
    CHECK(not_kept);
    CHECK(not_kept.seq == 2);
    CHECK(not_kept.outcome == Outcome::not_kept);
    not_kept.wait();
}

TEST_CASE("wait returns when every handler of the event has returned", "[receipt]") {
    EventBus bus({.pool = {.threads = 2}});
    std::latch release(1);
    int slow = 0, fast = 0;  // not atomic: what handlers did can be seen after wait
    const auto a = bus.subscribe<Tick>([&](const Tick&) {
        release.wait();
        slow = 1;
    });
    const auto b = bus.subscribe<Tick>([&](const Tick&) { fast = 1; });
    const Receipt receipt = bus.emit(Tick{});
    CHECK_FALSE(receipt.wait_for(Duration::zero()));
    CHECK_FALSE(receipt.wait_for(std::chrono::milliseconds(1)));
    release.count_down();
    receipt.wait();
    CHECK(slow == 1);
    CHECK(fast == 1);
    CHECK(receipt.wait_for(Duration::zero()));
}

TEST_CASE("many threads can wait for one receipt", "[receipt]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::atomic<int> handled{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++handled; }, {.executor = executor});
    const Receipt receipt = bus.emit(Tick{});
    std::latch about_to_wait(3);
    std::vector<std::future<int>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(start([&, copy = receipt] {
            about_to_wait.count_down();
            copy.wait();
            return handled.load();
        }));
    }
    about_to_wait.wait();
    executor->run_all();
    for (auto& waiter : waiters) CHECK(get_soon(std::move(waiter)) == 1);
}

TEST_CASE("a failing handler completes the receipt", "[receipt]") {
    EventBus bus({.on_error = [](const hindsight::HandlerError&) {}});
    const auto subscription = bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("x"); });
    run_elsewhere([&] { bus.emit(Tick{}).wait(); });
    CHECK(subscription.stats().failed == 1);
}

TEST_CASE("a delivery that ends otherwise completes the receipt", "[receipt]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    Subscription subscription = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    const Receipt receipt = bus.emit(Tick{});
    auto waiter = start([&] { receipt.wait(); });
    SECTION("disconnected") {
        subscription.disconnect();
    }
    SECTION("closed") {
        subscription.close();
    }
    SECTION("abandoned by the executor") {
        executor->drop_all();
    }
    SECTION("shut down") {
        bus.shutdown(Duration::zero());
    }
    SECTION("retired") {
        bus.retire<Tick>();
    }
    get_soon(std::move(waiter));
    CHECK(receipt.wait_for(Duration::zero()));
}

TEST_CASE("waiting for an unfinished event inside a handler would deadlock and throws", "[receipt][promise-9]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto queued = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    const Receipt unfinished = bus.emit(Tick{});
    bool wait_throws = false, wait_for_throws = false, finished_is_fine = false;
    const auto waits = [&] {
        bus.emit(Price{}).wait();
        finished_is_fine = true;
        try {
            unfinished.wait();
        } catch (const WouldDeadlock&) {
            wait_throws = true;
        }
        try {
            unfinished.wait_for(Duration::zero());
        } catch (const WouldDeadlock&) {
            wait_for_throws = true;
        }
    };
    SECTION("in a direct handler") {
        const auto waiter = bus.subscribe<Tock>([&](const Tock&) { waits(); }, {.delivery = Delivery::direct});
        bus.emit(Tock{});
    }
    SECTION("in a queued handler") {
        const auto waiter = bus.subscribe<Tock>([&](const Tock&) { waits(); });
        bus.emit(Tock{}).wait();
    }
    SECTION("in a handler of another bus") {
        EventBus other;
        const auto waiter = other.subscribe<Tock>([&](const Tock&) { waits(); }, {.delivery = Delivery::direct});
        other.emit(Tock{});
    }
    SECTION("in a filter") {
        const auto waiter =
            bus.subscribe<Tock>([](const Tock&) {}, {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                         waits();
                                                         return true;
                                                     }});
        bus.emit(Tock{});
    }
    CHECK(finished_is_fine);
    CHECK(wait_throws);
    CHECK(wait_for_throws);
    executor->run_all();
}

TEST_CASE("waiting on the thread that would have to run the handler throws", "[receipt][promise-9]") {
    SECTION("no thread runs handlers by itself") {
        EventBus bus({.pool = {.threads = 0}});
        const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.name = "sleeper"});
        const Receipt receipt = bus.emit(Tick{});
        CHECK_THROWS_AS(receipt.wait(), WouldDeadlock);
        CHECK_THROWS_AS(receipt.wait_for(Duration::zero()), WouldDeadlock);
        CHECK(bus.run_pending() == 1);
        receipt.wait();
    }
    SECTION("the executor runs on this thread") {
        EventBus bus;
        const auto executor = std::make_shared<ManualExecutor>();
        executor->claims_this_thread = true;
        const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
        const Receipt receipt = bus.emit(Tick{});
        CHECK_THROWS_AS(receipt.wait(), WouldDeadlock);
        CHECK_THROWS_WITH(receipt.wait(), !Contains("run_pending"));
        executor->run_all();
        receipt.wait();
    }
}

TEST_CASE("receipts may outlive the bus", "[receipt][promise-13]") {
    Receipt handled, abandoned;
    const auto executor = std::make_shared<ManualExecutor>();
    {
        EventBus bus({.on_error = [](const hindsight::HandlerError&) {}, .drain_on_destroy = Duration::zero()});
        const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
        handled = bus.emit(Tick{});
        executor->run_all();
        abandoned = bus.emit(Tick{});
    }
    CHECK(handled.seq == 1);
    CHECK(handled.wait_for(Duration::zero()));
    CHECK(abandoned.seq == 2);
    CHECK(abandoned.wait_for(Duration::zero()));
    abandoned.wait();
    executor->run_all();
}

}  // namespace

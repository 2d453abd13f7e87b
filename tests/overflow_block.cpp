// Mailboxes that make emitters wait: who waits, for how long, and who never does.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Lagged;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// An executor that tells when an emitter is about to wait: it is asked then whether it runs on that thread.
std::shared_ptr<ManualExecutor> watched_executor(std::latch& somebody_waits) {
    auto executor = std::make_shared<ManualExecutor>();
    executor->on_question = [&somebody_waits, told = std::make_shared<std::atomic_flag>()] {
        if (!told->test_and_set()) somebody_waits.count_down();
    };
    return executor;
}

TEST_CASE("an emitter outside handlers waits for room, and its event takes its place after the others",
          "[overflow][block]") {
    std::latch waits(1);
    const auto executor = watched_executor(waits);
    EventBus bus;
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                                  {.mailbox = {.capacity = 2}, .executor = executor});
    bus.emit(Tick{1});
    bus.emit(Tick{2});
    std::atomic<bool> returned{false};
    auto emitter = start([&] {
        const auto receipt = bus.emit(Tick{3});
        returned = true;
        return receipt;
    });
    waits.wait();
    let_others_run();
    CHECK_FALSE(returned);
    CHECK(subscription.stats().queue_depth == 2);
    // It waits before it has a seq, so it stands in nobody's way.
    const auto other = bus.emit(Tock{});
    CHECK(other.seq == 3);

    executor->run_all();
    const auto receipt = get_soon(std::move(emitter));
    CHECK(receipt.queued == 1);
    CHECK(receipt.dropped == 0);
    CHECK(receipt.seq == 4);
    executor->run_all();
    CHECK(seen == std::vector{1, 2, 3});
    CHECK(subscription.stats().dropped == 0);
}

TEST_CASE("many emitters wait for one slow handler and nothing is lost", "[overflow][block][promise-8]") {
    constexpr int emitters = 3, events = 200;
    EventBus bus({.pool = {.threads = 1}});
    std::vector<int> seen;
    std::size_t deepest = 0;
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            seen.push_back(tick.number);
            deepest = std::max(deepest, subscription.stats().queue_depth);
        },
        {.mailbox = {.capacity = 2}});
    std::vector<std::future<void>> threads;
    for (int i = 0; i < emitters; ++i) {
        threads.push_back(start([&] {
            for (int n = 0; n < events; ++n) bus.emit(Tick{n});
        }));
    }
    for (auto& thread : threads) get_soon(std::move(thread));
    CHECK(bus.shutdown(patience).drained);
    CHECK(seen.size() == emitters * events);
    CHECK(subscription.stats().dropped == 0);
    CHECK(deepest <= 3);  // two wait, one is in hand
}

TEST_CASE("an emitter waits for as long as block_for says, then the event is dropped there alone",
          "[overflow][block]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    std::vector<Lagged> holes;
    const Duration block_for = GENERATE(Duration::zero(), Duration(1ms));
    const auto limited =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .block_for = block_for},
                                                 .executor = executor,
                                                 .on_lagged = [&](const Lagged& hole) { holes.push_back(hole); }});
    const auto roomy = bus.subscribe<Tick>([](const Tick&) {}, {.executor = executor});
    bus.emit(Tick{1});
    const auto before = std::chrono::steady_clock::now();
    const auto receipt = bus.emit(Tick{2});
    CHECK(std::chrono::steady_clock::now() - before >= block_for);
    CHECK(receipt.matched == 2);
    CHECK(receipt.queued == 1);
    CHECK(receipt.dropped == 1);
    CHECK(limited.stats().dropped == 1);
    CHECK(limited.stats().queue_depth == 1);
    executor->run_all();
    REQUIRE(holes.size() == 1);
    CHECK(holes[0].first == 2);
    CHECK(holes[0].last == 2);
    CHECK(roomy.stats().delivered == 2);
}

TEST_CASE("each mailbox has its own time to wait", "[overflow][block]") {
    std::latch waits(1);
    const auto first_executor = watched_executor(waits);
    const auto second_executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    const auto patient = bus.subscribe<Tick>([](const Tick&) {},
                                             {.mailbox = {.capacity = 1, .block_for = 1h}, .executor = first_executor});
    const auto hasty = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .block_for = Duration(0)}, .executor = second_executor});
    bus.emit(Tick{1});
    auto emitter = start([&] { return bus.emit(Tick{2}); });
    waits.wait();
    first_executor->run_all();
    // Now there is room in the patient one's mailbox; the hasty one does not wait.
    const bool soon = emitter.wait_for(5s) == std::future_status::ready;
    CHECK(soon);
    if (!soon) second_executor->run_all();
    const auto receipt = get_soon(std::move(emitter));
    CHECK(receipt.dropped == 1);
    CHECK(receipt.queued == 1);
}

TEST_CASE("an emitter inside a handler does not wait: the mailbox grows to its hard limit, then drops the newest",
          "[overflow][block][promise-9]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    std::vector<int> seen;
    std::vector<Lagged> holes;
    const auto receiver = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                              {.mailbox = {.capacity = 1, .hard_limit = 3},
                                               .executor = executor,
                                               .on_lagged = [&](const Lagged& hole) { holes.push_back(hole); }});
    std::vector<hindsight::Receipt> receipts;
    const auto source = bus.subscribe<Tock>(
        [&](const Tock&) {
            for (int i = 1; i <= 5; ++i) receipts.push_back(bus.emit(Tick{i}));
        },
        {.delivery = Delivery::direct});
    run_elsewhere([&] { bus.emit(Tock{}); });
    REQUIRE(receipts.size() == 5);
    CHECK(receipts[2].queued == 1);
    CHECK(receipts[3].dropped == 1);
    CHECK(receipts[4].dropped == 1);
    CHECK(receiver.stats().queue_depth == 3);
    CHECK(receiver.stats().dropped == 2);
    executor->run_all();
    CHECK(seen == std::vector{1, 2, 3});
    REQUIRE(holes.size() == 1);
    CHECK(holes[0].first == receipts[3].seq);
    CHECK(holes[0].last == receipts[4].seq);
    CHECK(holes[0].missed == 2);
}

TEST_CASE("a hard limit below the capacity means the capacity", "[overflow][block]") {
    EventBus bus({.pool = {.threads = 0}});
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 2, .hard_limit = 1}});
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    CHECK(subscription.stats().queue_depth == 2);
    CHECK(subscription.stats().dropped == 1);
    bus.run_pending();
    CHECK(subscription.stats().delivered == 2);
}

TEST_CASE("an emitter inside a filter does not wait either", "[overflow][block][promise-9]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    const auto full = bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1}, .executor = executor});
    bus.emit(Tick{});
    const auto filtered =
        bus.subscribe<Tock>([](const Tock&) {}, {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                     bus.emit(Tick{});
                                                     return true;
                                                 }});
    run_elsewhere([&] { bus.emit(Tock{}); });
    CHECK(full.stats().queue_depth == 2);
}

TEST_CASE("an emitter on the mailbox's own executor does not wait", "[overflow][block][promise-9]") {
    const auto executor = std::make_shared<ManualExecutor>();
    executor->claims_this_thread = true;
    EventBus bus;
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .hard_limit = 2}, .executor = executor});
    CHECK(bus.emit(Tick{}).queued == 1);
    CHECK(run_elsewhere([&] { return bus.emit(Tick{}).queued; }) == 1);
    CHECK(run_elsewhere([&] { return bus.emit(Tick{}).dropped; }) == 1);
    CHECK(subscription.stats().queue_depth == 2);
    executor->run_all();
}

TEST_CASE("a waiting emitter goes on when the full subscription ends", "[overflow][block]") {
    std::latch waits(1);
    const auto executor = watched_executor(waits);
    EventBus bus;
    Subscription subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1}, .executor = executor});
    bus.emit(Tick{});
    auto emitter = start([&] { return bus.emit(Tick{}); });
    waits.wait();
    const bool disconnects = GENERATE(true, false);
    disconnects ? static_cast<void>(subscription.disconnect()) : subscription.close();
    const auto receipt = get_soon(std::move(emitter));
    CHECK(receipt);
    CHECK(receipt.matched == 0);
    CHECK(bus.history().size() == 2);
}

TEST_CASE("a waiting emitter goes on when the full subscription's executor gives up", "[overflow][block]") {
    std::latch waits(1);
    const auto executor = watched_executor(waits);
    EventBus bus;
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1}, .executor = executor});
    bus.emit(Tick{});
    auto emitter = start([&] { return bus.emit(Tick{}); });
    waits.wait();
    executor->drop_all();
    CHECK(get_soon(std::move(emitter)).queued == 1);
    CHECK(subscription.stats().discarded == 1);
    executor->run_all();
    CHECK(subscription.stats().delivered == 1);
}

TEST_CASE("a waiting emitter finds its event skipped when the full subscription is paused meanwhile",
          "[overflow][block]") {
    std::latch waits(1);
    const auto executor = watched_executor(waits);
    EventBus bus;
    Subscription subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1}, .executor = executor});
    bus.emit(Tick{});
    auto emitter = start([&] { return bus.emit(Tick{}); });
    waits.wait();
    subscription.pause();
    executor->run_all();
    const auto receipt = get_soon(std::move(emitter));
    CHECK(receipt.matched == 0);
    CHECK(subscription.stats().skipped == 1);
}

TEST_CASE("an emitter that waits for a subscription which ends goes on, whoever else subscribes meanwhile",
          "[overflow][promise-9]") {
    for (int round = 0; round < 100; ++round) {
        EventBus bus({.history = {.capacity = 0}, .pool = {.threads = 1}});
        auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .hard_limit = 1}});
        auto emitter = start([&] {
            for (int i = 0; i < 50; ++i) bus.emit(Tick{i});
        });
        for (int i = 0; i < round % 10; ++i) bus.emit(Tock{});
        subscription.close();
        for (int i = 0; i < 10; ++i) {
            const auto other = bus.subscribe<Tock>([](const Tock&) {}, {.delivery = Delivery::direct});
            bus.emit(Tock{});
        }
        get_soon(std::move(emitter));
        CHECK(bus.stats().queue_depth == 0);
    }
}

}  // namespace

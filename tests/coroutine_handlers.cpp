// Handlers that are coroutines: a run lasts until the coroutine is over, wherever and on however many threads it goes
// on.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/delivery_log.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/executor.hpp>
#include <hindsight/this_handler.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using hindsight::completion;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Seq;
using hindsight::WouldDeadlock;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a coroutine handles events one at a time and in order, across its suspensions", "[coroutine][promise-2]") {
    constexpr int emitters = 2, events = 300;
    CAPTURE(random_seed());
    EventBus bus({.pool = {.threads = 3}});
    std::vector<Seq> seen;
    std::atomic<int> inside{0}, together{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick, const Record& record) -> asio::awaitable<void> {
        if (inside.fetch_add(1) > 0) ++together;
        const int number = tick.number;
        if (number % 3 == 1) co_await pause_a_little();
        if (number % 7 == 1) co_await wait_a_little(number % 20);
        if (tick.number != number) ++together;
        seen.push_back(record.seq());
        --inside;
    });
    std::vector<std::future<void>> emitting;
    for (int e = 0; e < emitters; ++e) {
        emitting.push_back(start([&] {
            for (int i = 0; i < events; ++i) bus.emit(Tick{i});
        }));
    }
    for (auto& each : emitting) get_soon(std::move(each));
    CHECK(bus.shutdown(1h).drained);
    CHECK(seen.size() == emitters * events);
    CHECK(std::ranges::is_sorted(seen));
    CHECK(together == 0);
    CHECK(subscription.stats().delivered == emitters * events);
}

TEST_CASE("a coroutine keeps its context wherever it goes on", "[coroutine]") {
    EventBus bus({.pool = {.threads = 2}});
    std::vector<bool> right;
    auto subscription = bus.subscribe<Tick>([&](const Tick& tick) -> asio::awaitable<void> {
        for (int i = 0; i < 20; ++i) {
            const Record* const record = hindsight::this_handler::record();
            right.push_back(record != nullptr && record->get_if<Tick>() == &tick);
            if (i % 2 == 0) {
                co_await pause_a_little();
            } else {
                co_await wait_a_little(1);
            }
        }
        bus.emit(Tock{tick.number});
    });
    const Receipt receipt = bus.emit(Tick{1}, {.correlation = "order 1"});
    receipt.wait();
    CHECK(std::ranges::count(right, true) == 20);
    const auto tocks = bus.history().query<Tock>();
    REQUIRE(tocks.size() == 1);
    CHECK(tocks.front().cause() == receipt.seq);
    CHECK(tocks.front().correlation() == "order 1");
    CHECK(hindsight::this_handler::record() == nullptr);
}

TEST_CASE("what a coroutine throws is isolated and reported, and the next event comes", "[coroutine][promise-3]") {
    std::atomic<int> errors{0}, handled{0};
    EventBus bus({.on_error = [&](const HandlerError& failure) {
        if (failure.handler == "failing" && failure.record.get_if<Tick>() != nullptr) ++errors;
    }});
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) -> asio::awaitable<void> {
            if (tick.number == 1) throw std::runtime_error("at once");
            co_await pause_a_little();
            if (tick.number == 2) throw std::runtime_error("later");
            ++handled;
        },
        {.name = "failing"});
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i}).wait();
    CHECK(errors == 2);
    CHECK(handled == 1);
    CHECK(subscription.stats().failed == 2);
    CHECK(bus.history().query({.pattern = "hindsight.handler_error"}).size() == 2);
}

struct Receiver {
    asio::awaitable<void> handle(const Tick& tick) {
        co_await pause_a_little();
        sum += tick.number;
    }
    int sum = 0;
};

TEST_CASE("member functions, records and options work with coroutines", "[coroutine]") {
    const auto log = std::make_shared<hindsight::DeliveryLog>();
    EventBus bus({.deliveries = log});
    auto receiver = std::make_shared<Receiver>();
    int records = 0;
    const auto member = bus.subscribe<Tick>(receiver, &Receiver::handle);
    const auto pattern = bus.subscribe("test.*",
                                       [&](const Record& record) -> asio::awaitable<void> {
                                           co_await pause_a_little();
                                           records += record ? 1 : 0;
                                       },
                                       {.max_deliveries = 2});
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i}).wait();
    CHECK(receiver->sum == 6);
    CHECK(records == 2);
    CHECK_FALSE(pattern.connected());
    CHECK(log->runs().size() == 5);
    receiver.reset();
    bus.emit(Tick{4}).wait();
    CHECK_FALSE(member.connected());
}

TEST_CASE("a coroutine is watched to its end, and left out when it keeps failing", "[coroutine][quarantine]") {
    EventBus bus({.on_error = [](const HandlerError&) {}, .watch = {.times = true}});
    auto subscription = bus.subscribe<Tick>(
        [](const Tick&) -> asio::awaitable<void> {
            co_await wait_a_little(50);
            throw std::runtime_error("on purpose");
        },
        {.quarantine = {{.failures = 2}}});
    std::vector<Receipt> receipts;
    for (int i = 0; i < 5; ++i) receipts.push_back(bus.emit(Tick{i}));
    for (Receipt& each : receipts) each.wait();
    bus.emit(Tick{}).wait();
    const hindsight::SubscriptionStatistics stats = subscription.stats();
    CHECK(stats.delivered == 2);
    CHECK(stats.discarded + stats.skipped == 4);
    CHECK(stats.quarantined);
    CHECK(stats.last_error == "on purpose");
    CHECK(stats.run.count == 2);
    CHECK(stats.run.sum >= 100us);
    CHECK(stats.wait.count == 2);
    subscription.resume();
    bus.emit(Tick{}).wait();
    CHECK(subscription.stats().delivered == 3);
}

TEST_CASE("a coroutine that takes too long is told of while it is suspended", "[coroutine][slow_handlers]") {
    EventBus bus;
    Gate gate(bus);
    const auto slow = bus.subscribe<hindsight::SlowHandler>([&](const hindsight::SlowHandler&) { gate.open(); },
                                                            {.delivery = Delivery::direct});
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) -> asio::awaitable<void> { co_await gate.inbox.next(); }, {.slow_after = 1ms});
    bus.emit(Tick{}).wait();
    CHECK(subscription.stats().slow == 1);
}

TEST_CASE("a receiver stays until the coroutine that handles its event is over", "[coroutine]") {
    EventBus bus;
    Gate gate(bus);
    struct Waiting {
        Gate* gate;
        asio::awaitable<void> handle(const Tick&) { co_await gate->inbox.next(); }
    };
    auto receiver = std::make_shared<Waiting>(Waiting{&gate});
    const std::weak_ptr<Waiting> watched = receiver;
    const auto subscription = bus.subscribe<Tick>(receiver, &Waiting::handle);
    bus.emit(Tick{1});
    spin_until([&] { return subscription.stats().delivered == 1; });
    receiver.reset();
    CHECK_FALSE(watched.expired());
    gate.open();
    spin_until([&] { return watched.expired(); });
}

TEST_CASE("a coroutine sees the past and the holes of its mailbox in order", "[coroutine][promise-10]") {
    EventBus bus({.pool = {.threads = 0}});
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) -> asio::awaitable<void> {
            co_await pause_a_little();
            seen.push_back(tick.number);
        },
        {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
         .replay = hindsight::Replay::last(2),
         .on_lagged = [&](const hindsight::Lagged& hole) { seen.push_back(-static_cast<int>(hole.missed)); }});
    for (int i = 4; i <= 6; ++i) bus.emit(Tick{i});
    CHECK(bus.run_pending() == 3);
    CHECK(seen == std::vector{2, 3, -2, 6});
}

TEST_CASE("coroutines go on on any executor", "[coroutine]") {
    int handled = 0;
    const auto handler = [&](const Tick&) -> asio::awaitable<void> {
        co_await pause_a_little();
        co_await pause_a_little();
        ++handled;
    };
    SECTION("run_pending, within a shutdown, too") {
        EventBus bus({.pool = {.threads = 0}});
        const auto subscription = bus.subscribe<Tick>(handler);
        bus.emit(Tick{1});
        CHECK(bus.run_pending(1) == 1);
        CHECK(handled == 0);
        bus.emit(Tick{2});
        CHECK(bus.shutdown(1h).drained);
        CHECK(handled == 2);
    }
    SECTION("one of the user's") {
        EventBus bus;
        const auto executor = std::make_shared<ManualExecutor>();
        const auto subscription = bus.subscribe<Tick>(handler, {.executor = executor});
        bus.emit(Tick{1});
        executor->run_all();
        CHECK(handled == 1);
    }
    SECTION("one that runs tasks at once") {
        EventBus bus;
        const auto subscription =
            bus.subscribe<Tick>(handler, {.executor = std::make_shared<hindsight::InlineExecutor>()});
        for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
        CHECK(handled == 3);
    }
    SECTION("on a single-threaded bus") {
        hindsight::SingleThreadedBus bus;
        const auto subscription = bus.subscribe<Tick>(handler);
        bus.emit(Tick{1});
        bus.run_pending();
        CHECK(handled == 1);
    }
}

TEST_CASE("what could not work is refused", "[coroutine]") {
    EventBus bus;
    const auto handler = [](const Tick&) -> asio::awaitable<void> { co_return; };
    CHECK(refuses<hindsight::InvalidArgument>(
        "coroutine", [&] { (void)bus.subscribe<Tick>(handler, {.delivery = Delivery::direct}); }));
    CHECK(refuses<hindsight::InvalidArgument>("concurrency is 2",
                                              [&] { (void)bus.subscribe<Tick>(handler, {.concurrency = 2}); }));
    std::atomic<bool> refused{false};
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) -> asio::awaitable<void> {
        if (tick.number > 1) co_return;
        const Receipt receipt = bus.emit(Tick{2});
        try {
            co_await completion(receipt);
        } catch (const WouldDeadlock&) {
            refused = true;
        }
    });
    bus.emit(Tick{1}).wait();
    CHECK(refused);
}

}  // namespace

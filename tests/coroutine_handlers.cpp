// Handlers that are coroutines: a run lasts until the coroutine is over, wherever and on however many threads it goes
// on.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/random.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/delivery_log.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>
#include <hindsight/thread_pool.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using hindsight::completion;
using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Inbox;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Seq;
using hindsight::Subscription;
using hindsight::WouldDeadlock;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// Suspends, and goes on later on the same executor.
asio::awaitable<void> pause_a_little() {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

asio::awaitable<void> wait_a_little(int microseconds) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::microseconds(microseconds));
    co_await timer.async_wait(asio::use_awaitable);
}

/// Lets handlers wait until the test opens it.
struct Gate {
    explicit Gate(EventBus& bus) : inbox(bus.inbox<Tock>()), bus_(bus) {}
    void open() { bus_.emit(Tock{}); }
    Inbox<Tock> inbox;

private:
    EventBus& bus_;
};

/// Tells when its owner is destroyed.
struct Witness {
    std::atomic<bool>* destroyed;
    explicit Witness(std::atomic<bool>& flag) : destroyed(&flag) {}
    Witness(Witness&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
    Witness& operator=(Witness&&) = delete;
    ~Witness() {
        if (destroyed != nullptr) *destroyed = true;
    }
};

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

TEST_CASE("receipts, shutdowns and disconnects wait for a suspended coroutine", "[coroutine][promise-5]") {
    EventBus bus({.pool = {.threads = 2}});
    Gate gate(bus);
    std::atomic<bool> over{false}, destroyed{false};
    auto subscription = bus.subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        co_await gate.inbox.next();
        over = witness.destroyed != nullptr;
    });
    const Receipt receipt = bus.emit(Tick{1});
    spin_until([&] { return subscription.stats().delivered == 1; });
    std::future<bool> waiting;
    bool wait_until_over = true;
    SECTION("a receipt") {
        waiting = start([&] { return receipt.wait_for(Duration::max()); });
    }
    SECTION("a shutdown") {
        // The gate is part of the bus: the end of it opens the gate.
        wait_until_over = false;
        CHECK_FALSE(bus.shutdown(0s).drained);
        waiting = start([] { return true; });
    }
    SECTION("a disconnect") {
        waiting = start([&] { return subscription.disconnect(); });
    }
    if (wait_until_over) {
        let_others_run();
        CHECK(waiting.wait_for(0s) == std::future_status::timeout);
        CHECK_FALSE(over);
        gate.open();
    }
    CHECK(get_soon(std::move(waiting)));
    spin_until([&] { return over.load(); });
    CHECK(subscription.disconnect());
    CHECK(destroyed);
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

TEST_CASE("a coroutine that disconnects itself goes on to its end", "[coroutine][promise-5]") {
    EventBus bus;
    std::atomic<bool> destroyed{false}, deferred{false}, alive_at_end{false};
    Subscription subscription;
    const bool by_handle = GENERATE(true, false);
    std::latch subscribed(1);
    subscription = bus.subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        subscribed.wait();
        co_await wait_a_little(1);
        if (by_handle) {
            deferred = !subscription.disconnect();
        } else {
            hindsight::this_handler::disconnect();
            deferred = true;
        }
        co_await wait_a_little(1);
        alive_at_end = !destroyed && witness.destroyed != nullptr;
    });
    subscribed.count_down();
    const Receipt first = bus.emit(Tick{1});
    bus.emit(Tick{2});
    first.wait();
    spin_until([&] { return destroyed.load(); });
    CHECK(deferred);
    CHECK(alive_at_end);
    CHECK_FALSE(subscription.connected());
    CHECK(subscription.stats().delivered == 1);
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

TEST_CASE("a coroutine whose executor gives it up ends there, and holds nobody up", "[coroutine][promise-8]") {
    std::atomic<bool> unwound{false};
    int errors = 0;
    EventBus bus({.on_error = [&](const HandlerError&) { ++errors; }});
    const auto executor = std::make_shared<ManualExecutor>();
    auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) -> asio::awaitable<void> {
            const Witness witness(unwound);
            co_await pause_a_little();
        },
        {.executor = executor});
    const Receipt receipt = bus.emit(Tick{1});
    CHECK(executor->run_one());
    CHECK_FALSE(receipt.wait_for(0s));
    while (executor->waiting() > 0 && !unwound) executor->drop_all();
    CHECK(unwound);
    CHECK(receipt.wait_for(0s));
    CHECK(errors == 1);
    CHECK(subscription.stats().failed == 1);
    CHECK(subscription.disconnect());
}

TEST_CASE("a suspended coroutine whose thread waits for nobody else is not waited for", "[coroutine][promise-9]") {
    std::atomic<bool> destroyed{false}, unwound{false};
    auto bus = std::make_unique<EventBus>(
        hindsight::BusOptions{.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}, .drain_on_destroy = 0s});
    auto subscription = bus->subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        const Witness own(unwound);
        co_await pause_a_little();
        (void)witness;
    });
    bus->emit(Tick{1});
    bus->run_pending(1);
    SECTION("by a disconnect") {
        CHECK_FALSE(subscription.disconnect());
        CHECK_FALSE(destroyed);
        bus->run_pending();
    }
    SECTION("by the end of the bus") {
        bus.reset();
    }
    CHECK(unwound);
    CHECK(destroyed);
    CHECK(subscription.disconnect());
}

TEST_CASE("handlers on a pool of one thread may end a suspended coroutine", "[coroutine][promise-9]") {
    EventBus bus({.pool = {.threads = 1}});
    Gate gate(bus);
    std::atomic<bool> destroyed{false};
    auto waiting = bus.subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        co_await gate.inbox.next();
        (void)witness;
    });
    bus.emit(Tick{1});
    std::atomic<bool> waited{true};
    const auto ending = bus.subscribe<Price>([&](const Price&) { waited = waiting.disconnect(); });
    bus.emit(Price{}).wait();
    CHECK_FALSE(waited);
    CHECK_FALSE(destroyed);
    gate.open();
    spin_until([&] { return destroyed.load(); });
}

TEST_CASE("a coroutine that destroys its bus ends where it is suspended next", "[coroutine]") {
    std::atomic<bool> unwound{false}, went_on{false};
    const auto executor = std::make_shared<hindsight::ThreadPool>(2);
    auto bus = std::make_unique<EventBus>(hindsight::BusOptions{.executor = executor});
    bus->subscribe<Tick>([&](const Tick&) -> asio::awaitable<void> {
           const Witness own(unwound);
           co_await pause_a_little();
           bus.reset();
           co_await pause_a_little();
           went_on = true;
       })
        .detach();
    bus->emit(Tick{1});
    spin_until([&] { return unwound.load(); });
    CHECK_FALSE(went_on);
}

TEST_CASE("what could not work is refused", "[coroutine]") {
    EventBus bus;
    const auto handler = [](const Tick&) -> asio::awaitable<void> { co_return; };
    CHECK(refuses<hindsight::InvalidArgument>(
        "coroutine", [&] { (void)bus.subscribe<Tick>(handler, {.delivery = Delivery::direct}); }));
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

TEST_CASE("coroutine handlers come and go while threads emit", "[coroutine][promise-5]") {
    CAPTURE(random_seed());
    EventBus bus({.pool = {.threads = 2}});
    std::atomic<bool> done{false};
    auto emitter = start([&] {
        while (!done) bus.emit(Tick{1});
    });
    for (unsigned round = 0; round < 100; ++round) {
        Random random(round);
        const auto alive = std::make_shared<std::atomic<bool>>(true);
        std::atomic<int> calls{0}, late{0};
        const int kind = random.below(3);
        auto subscription = bus.subscribe<Tick>(
            [&, alive](const Tick&) -> asio::awaitable<void> {
                ++calls;
                if (kind == 1) co_await pause_a_little();
                if (kind == 2) co_await wait_a_little(5);
                if (!*alive) ++late;
            },
            {.mailbox = {.capacity = 4, .overflow = hindsight::Overflow::drop_oldest}});
        const int enough = random.below(5);
        spin_until([&] { return calls >= enough; });
        CHECK(subscription.disconnect());
        *alive = false;
        CHECK(alive.use_count() == 1);
        CHECK(late == 0);
    }
    done = true;
    get_soon(std::move(emitter));
}

}  // namespace

// How runs of coroutines end: who waits for them, who does not, and what becomes of those that nobody goes on with.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/executors.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>
#include <hindsight/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <utility>

namespace asio = boost::asio;
using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Receipt;
using hindsight::Subscription;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

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

TEST_CASE("what a coroutine leaves behind that is given up may end its subscription", "[coroutine][promise-9]") {
    struct Ender {
        Subscription* subscription;
        std::optional<bool>* waited;
        ~Ender() { *waited = subscription->disconnect(); }
    };
    std::atomic<bool> destroyed{false};
    std::optional<bool> waited;
    EventBus bus({.on_error = [](const HandlerError&) {}});
    const auto executor = std::make_shared<ManualExecutor>();
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
            const Ender ender{&subscription, &waited};
            co_await pause_a_little();
            (void)witness;
        },
        {.executor = executor});
    bus.emit(Tick{1});
    CHECK(executor->run_one());
    while (executor->waiting() > 0 && !waited) executor->drop_all();
    CHECK(waited == false);
    CHECK(destroyed);
}

TEST_CASE("a suspended coroutine whose thread waits for nobody else is not waited for", "[coroutine][promise-9]") {
    bool going = true;
    std::atomic<bool> destroyed{false}, unwound{false};
    auto bus = std::make_unique<EventBus>(
        hindsight::BusOptions{.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}, .drain_on_destroy = 0s});
    auto subscription = bus->subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        const Witness own(unwound);
        while (going) co_await pause_a_little();
        (void)witness;
    });
    bus->emit(Tick{1});
    bus->run_pending(1);
    SECTION("by a disconnect") {
        CHECK_FALSE(subscription.disconnect());
        CHECK_FALSE(destroyed);
        going = false;
        bus->run_pending();
    }
    SECTION("by the end of the bus") {
        bus.reset();
    }
    CHECK(unwound);
    CHECK(destroyed);
    CHECK(subscription.disconnect());
}

TEST_CASE("handlers that could be what a suspended coroutine waits for do not wait for it", "[coroutine][promise-9]") {
    EventBus bus({.pool = {.threads = 1}});
    Gate gate(bus);
    std::atomic<bool> destroyed{false};
    auto waiting = bus.subscribe<Tick>([&, witness = Witness(destroyed)](const Tick&) -> asio::awaitable<void> {
        co_await gate.inbox.next();
        (void)witness;
    });
    bus.emit(Tick{1});
    spin_until([&] { return waiting.stats().delivered == 1; });
    std::atomic<bool> waited{true};
    // On the only thread of the pool, or on one that the coroutine never runs on.
    const Delivery delivery = GENERATE(Delivery::queued, Delivery::direct);
    const auto ending =
        bus.subscribe<Price>([&](const Price&) { waited = waiting.disconnect(); }, {.delivery = delivery});
    run_elsewhere([&] { return bus.emit(Price{}).wait_for(Duration::max()); });
    CHECK_FALSE(waited);
    CHECK_FALSE(destroyed);
    gate.open();
    spin_until([&] { return destroyed.load(); });
}

TEST_CASE("a coroutine that destroys its bus ends where it is suspended next", "[coroutine]") {
    std::atomic<bool> unwound{false}, went_on{false}, reported{false};
    const auto executor = std::make_shared<hindsight::ThreadPool>(2);
    auto bus = std::make_unique<EventBus>(
        hindsight::BusOptions{.executor = executor, .on_error = [&](const HandlerError&) { reported = true; }});
    bus->subscribe<Tick>([&](const Tick&) -> asio::awaitable<void> {
           const Witness own(unwound);
           co_await pause_a_little();
           bus.reset();
           co_await pause_a_little();
           went_on = true;
       })
        .detach();
    bus->emit(Tick{1});
    spin_until([&] { return reported.load(); });
    CHECK(unwound);
    CHECK_FALSE(went_on);
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

// Promise 13: handles, records and threads may outlive the bus, and the order of static destruction does not matter.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>
#include <hindsight/thread_pool.hpp>

#include <atomic>
#include <iostream>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::EventStore;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Subscription;
using hindsight::ThreadPool;
using namespace hindsight::test;

namespace {

/// After main no test framework is left to complain to.
void require_at_exit(bool condition, const char* what) {
    if (condition) return;
    std::cerr << "at exit: " << what << std::endl;
    std::abort();
}

/// Destroyed after the bus below.
struct OutlivesTheBus {
    ~OutlivesTheBus() {
        require_at_exit(!subscription.connected(), "the subscription of a dead bus is connected");
        require_at_exit(!queued.connected(), "the queued subscription of a dead bus is connected");
        require_at_exit(receipt.wait_for(hindsight::Duration::zero()), "a receipt of a dead bus is incomplete");
        require_at_exit(!record || record.as<Tick>().number == 7, "a record of a dead bus has changed");
    }
    Subscription subscription, queued;
    Receipt receipt;
    Record record;
};
OutlivesTheBus outlives_the_bus;

EventBus global_bus;

/// Destroyed before the bus: emits, and handlers on the pool and here still run.
struct EmitsAtTheEnd {
    ~EmitsAtTheEnd() {
        if (!used) return;
        int direct = 0;
        std::atomic<int> queued{0};
        {
            const auto a = global_bus.subscribe<Tock>([&](const Tock&) { ++direct; }, {.delivery = Delivery::direct});
            const auto b = global_bus.subscribe<Tock>([&](const Tock&) { ++queued; });
            global_bus.emit(Tock{}).wait();
        }
        require_at_exit(direct == 1 && queued == 1, "an event at exit was not delivered");
    }
    bool used = false;
};
EmitsAtTheEnd emits_at_the_end;

TEST_CASE("the order of static destruction does not matter", "[lifetimes][promise-13]") {
    outlives_the_bus.subscription = global_bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    outlives_the_bus.queued = global_bus.subscribe<Tick>([](const Tick&) {});
    outlives_the_bus.receipt = global_bus.emit(Tick{7});
    outlives_the_bus.record = global_bus.history().query().back();
    emits_at_the_end.used = true;
    CHECK(outlives_the_bus.receipt.seq > 0);
}

TEST_CASE("the global bus can be left to itself with events and handlers", "[lifetimes][promise-13]") {
    global_bus.subscribe("*", [](const Record&) {}).detach();
    const auto before = global_bus.history().size();
    for (int i = 0; i < 100; ++i) global_bus.emit(Tick{7});
    CHECK(global_bus.history().size() == before + 100);
}

TEST_CASE("records outlive the bus with everything in them", "[lifetimes][promise-13]") {
    Record record;
    {
        EventBus bus;
        bus.emit(Price{"ABC", 5}, {.source = "source", .correlation = "correlation", .metadata = {{"a", "b"}}});
        record = bus.history().query().front();
    }
    CHECK(record.as<Price>().symbol == "ABC");
    CHECK(record.source() == "source");
    CHECK(record.correlation() == "correlation");
    CHECK(record.metadata("a") == "b");
    CHECK(record.name() == "market.price");
}

TEST_CASE("a store outlives its bus and goes to another", "[lifetimes][promise-13]") {
    const auto store = std::make_shared<EventStore>();
    for (int round = 1; round <= 3; ++round) {
        EventBus bus(store);
        int calls = 0;
        const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; });
        const auto receipt = bus.emit(Tick{round});
        CHECK(receipt.seq == static_cast<hindsight::Seq>(round));
        receipt.wait();
        CHECK(calls == 1);
    }
    CHECK(store->size() == 3);
}

TEST_CASE("a pool that is shared outlives the buses on it", "[lifetimes][promise-13]") {
    const auto pool = std::make_shared<ThreadPool>(2);
    std::atomic<int> calls{0};
    for (int round = 0; round < 50; ++round) {
        EventBus bus({.executor = pool});
        bus.subscribe<Tick>([&](const Tick&) { ++calls; }).detach();
        for (int i = 0; i < 4; ++i) bus.emit(Tick{i});
    }
    CHECK(calls == 200);
}

TEST_CASE("a handler's state that holds the pool it runs on can be destroyed there", "[lifetimes][promise-13]") {
    auto pool = std::make_shared<ThreadPool>(1);
    EventBus bus;
    std::promise<void> called;
    const auto receipt = [&] {
        bus.subscribe<Tick>(
               [&called, pool](const Tick&) {
                   hindsight::this_handler::disconnect();
                   called.set_value();
               },
               {.executor = pool})
            .detach();
        pool.reset();
        return bus.emit(Tick{});
    }();
    get_soon(called.get_future());
    run_elsewhere([&] { receipt.wait(); });
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("a thread may emit, be called and unsubscribe while its own variables are destroyed",
          "[lifetimes][promise-13]") {
    struct EmitsAtThreadEnd {
        EventBus* bus = nullptr;
        Subscription subscription = {};
        ~EmitsAtThreadEnd() {
            if (bus == nullptr) return;
            bus->emit(Tick{1});
            subscription.disconnect();
            bus->emit(Tick{2});
        }
    };
    EventBus bus;
    for (const bool uses_bus_before : {false, true}) {
        std::vector<int> seen;
        run_elsewhere([&] {
            static thread_local EmitsAtThreadEnd at_end;
            // Whether the thread uses the library before or after this variable is made decides what is destroyed
            // first.
            if (uses_bus_before) bus.emit(Tock{});
            at_end.bus = &bus;
            at_end.subscription = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                                      {.delivery = Delivery::direct});
        });
        spin_until([&] { return bus.subscription_count() == 0; });
        spin_until([&] { return bus.history().query<Tick>().size() == 2; });
        CHECK(seen == std::vector{1});
        bus.history().clear();
    }
}

TEST_CASE("many short-lived threads can use a bus", "[lifetimes]") {
    EventBus bus({.history = {.capacity = 10}});
    std::atomic<int> calls{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct});
    for (int round = 0; round < 20; ++round) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 5; ++i) threads.emplace_back([&] { bus.emit(Tick{}); });
        for (auto& thread : threads) thread.join();
    }
    CHECK(calls == 100);
    CHECK(bus.stats().delivered == 100);
}

TEST_CASE("a bus ends no earlier than its handlers that run on somebody else's threads", "[lifetimes][promise-13]") {
    const auto pool = std::make_shared<ThreadPool>(1);
    std::latch entered(1);
    std::atomic<bool> returning{false};
    Subscription subscription;
    {
        EventBus bus({.executor = pool, .drain_on_destroy = hindsight::Duration::zero()});
        subscription = bus.subscribe<Tick>([&](const Tick&) {
            entered.count_down();
            spin_until([&] { return !subscription.connected(); });
            let_others_run();
            returning = true;
        });
        bus.emit(Tick{});
        entered.wait();
    }
    CHECK(returning);
}

}  // namespace

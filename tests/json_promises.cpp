// What the library promises of all events holds for those that are converted on their way.
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("receipts of JSON events wait for typed and other handlers", "[json]") {
    EventBus bus{{.pool = {.threads = 2}}};
    accept_json<OrderPlaced>(bus);
    std::atomic<bool> go = false;
    std::atomic<int> handled = 0;
    const auto handle = [&](const auto&) {
        go.wait(false);
        ++handled;
    };
    const auto typed = bus.subscribe<OrderPlaced>([&](const OrderPlaced& order) { handle(order); });
    const Receipt only_typed = bus.emit(JsonEvent{"order.placed", order_json(1)});
    CHECK_FALSE(only_typed.wait_for(Duration::zero()));
    const auto other = bus.subscribe("order.placed", [&](const Record& record) { handle(record); });
    const Receipt both = bus.emit(JsonEvent{"order.placed", order_json(2)});
    CHECK(both.queued == 2);
    CHECK_FALSE(both.wait_for(Duration::zero()));
    std::thread waiting([&] { only_typed.wait(); });
    go = true;
    go.notify_all();
    both.wait();
    waiting.join();
    CHECK(handled == 3);
}

TEST_CASE("waiting for a JSON event that only this thread can deliver is refused", "[json]") {
    SingleThreadedBus bus;
    accept_json<OrderPlaced>(bus);
    int calls = 0;
    const auto orders = bus.subscribe<OrderPlaced>([&](const OrderPlaced&) { ++calls; });
    const Receipt receipt = bus.emit(JsonEvent{"order.placed", order_json(1)});
    CHECK(refuses<WouldDeadlock>("order.placed", [&] { receipt.wait(); }));
    CHECK(bus.run_pending() == 1);
    receipt.wait();
    CHECK(calls == 1);
}

TEST_CASE("what is dropped, replaced or discarded after conversion completes its receipt", "[json]") {
    SingleThreadedBus bus;
    accept_json<OrderPlaced>(bus);
    std::vector<int> ids;
    const auto handle = [&](const OrderPlaced& order) { ids.push_back(order.id); };
    const auto overflow = GENERATE(Overflow::drop_oldest, Overflow::conflate);
    auto orders = bus.subscribe<OrderPlaced>(handle, {.mailbox = {.capacity = 1, .overflow = overflow}});
    const Receipt first = bus.emit(JsonEvent{"order.placed", order_json(1)}, {.key = "k"});
    const Receipt second = bus.emit(JsonEvent{"order.placed", order_json(2)}, {.key = "k"});
    CHECK(first.wait_for(Duration::zero()));
    orders.disconnect();
    CHECK(second.wait_for(Duration::zero()));
    CHECK(bus.run_pending() == 0);
    CHECK(ids.empty());
    CHECK(bus.retire<OrderPlaced>() == 0);  // no converted event is left
}

TEST_CASE("converted events are gone once nobody holds them", "[json]") {
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    Record held;
    const auto orders = bus.subscribe<OrderPlaced>([&](const OrderPlaced&, const Record& record) { held = record; });
    bus.emit(JsonEvent{"order.placed", order_json(1)}).wait();
    CHECK(bus.retire<OrderPlaced>() == 1);
    bus.history().clear();
    CHECK(held.as<OrderPlaced>().id == 1);
    held = Record();
    // The pool's thread lets go of the record after it has completed the receipt.
    spin_until([&] { return bus.retire<OrderPlaced>() == 0; });
}

TEST_CASE("code that converts may use the bus", "[json][promise-4]") {
    EventBus bus;
    accept_json<OrderPaid>(bus);
    int calls = 0;
    auto added = Subscription();
    const auto handle = [&](const OrderPaid&) { ++calls; };
    const auto paid = bus.subscribe<OrderPaid>(handle, {.delivery = Delivery::direct});
    const WhileConverting meddle([&] {
        bus.emit(NamedEvent{"while.converting"});
        accept_json<OrderPaid>(bus);
        added = bus.subscribe<OrderPaid>(handle, {.delivery = Delivery::direct});
    });
    CHECK(bus.emit(JsonEvent{"order.paid", 5}).matched == 2);
    CHECK(calls == 2);
    CHECK(bus.history().query({.name = "while.converting"}).size() == 1);
}

TEST_CASE("disconnecting waits for a conversion on another thread", "[json][promise-5]") {
    EventBus bus;
    accept_json<OrderPaid>(bus);
    std::atomic<bool> converting = false;
    std::atomic<bool> go = false;
    std::atomic<bool> converted = false;
    const WhileConverting wait([&] {
        converting = true;
        converting.notify_all();
        go.wait(false);
        converted = true;
    });
    auto paid = bus.subscribe<OrderPaid>([](const OrderPaid&) {}, {.delivery = Delivery::direct});
    std::thread emitting([&] { bus.emit(JsonEvent{"order.paid", 5}); });
    converting.wait(false);
    std::thread releasing([&] {
        while (paid.connected()) std::this_thread::yield();
        go = true;
        go.notify_all();
    });
    CHECK(paid.disconnect());
    CHECK(converted);
    releasing.join();
    emitting.join();
}

TEST_CASE("when memory runs out, a JSON event is either not there or handled or a failure", "[json][promise-6]") {
    const JsonEvent event{"order.placed", order_json(1)};
    std::size_t allowed = 0;
    for (bool ran_out = true; ran_out; ++allowed) {
        SingleThreadedBus bus{{.on_error = [](const HandlerError&) {}}};
        accept_json<OrderPlaced>(bus);
        int calls = 0;
        const auto handle = [&](const OrderPlaced&) { ++calls; };
        const auto direct = bus.subscribe<OrderPlaced>(handle, {.delivery = Delivery::direct});
        const auto queued = bus.subscribe<OrderPlaced>(handle);
        Receipt receipt;
        try {
            const FailAllocationsAfter limit(allowed);
            receipt = bus.emit(event);
        } catch (const std::bad_alloc&) {}
        bus.run_pending();
        const std::uint64_t failed = bus.stats().failed;
        CAPTURE(allowed, calls, failed);
        REQUIRE(failed + static_cast<unsigned>(calls) == (receipt ? 2 : 0));
        REQUIRE(bus.history().query({.name = "order.placed"}).size() == (receipt ? 1 : 0));
        ran_out = calls != 2;
    }
    CHECK(allowed > 5);
}

TEST_CASE("several threads emit JSON and typed events of one name", "[json]") {
    EventBus bus{{.history = {.capacity = 10'000}, .pool = {.threads = 2}}};
    accept_json<OrderPlaced>(bus);
    Seqs seqs;
    const auto orders =
        bus.subscribe<OrderPlaced>([&](const OrderPlaced&, const Record& record) { seqs.push_back(record.seq()); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            for (int id = 0; id < 200; ++id) {
                if ((id + i) % 2 == 0) {
                    bus.emit(OrderPlaced{.id = id});
                } else {
                    bus.emit(JsonEvent{"order.placed", order_json(id)});
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    bus.shutdown(std::chrono::seconds(5));
    CHECK(seqs.size() == 600);
    CHECK(std::ranges::is_sorted(seqs));
}

}  // namespace

// Buses that are shut down, or destroyed, inside their own handlers.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::EventStore;
using hindsight::HandlerError;
using hindsight::Outcome;
using hindsight::ShutdownReport;
using hindsight::Subscription;
using hindsight::WouldDeadlock;
using namespace hindsight::test;

namespace {

constexpr auto ignore_errors = [](const HandlerError&) {};

TEST_CASE("shutdown in a direct handler counts that handler as finished", "[shutdown][promise-9]") {
    EventBus bus;
    std::atomic<int> delivered{0};
    std::optional<ShutdownReport> report;
    std::string calls;
    const auto queued = bus.subscribe<Tick>([&](const Tick&) { ++delivered; });
    const auto closing = bus.subscribe<Tock>(
        [&](const Tock&) {
            report = bus.shutdown(patience);
            calls += bus.emit(Tick{}).outcome == Outcome::closed ? "refused" : "accepted";
        },
        {.delivery = Delivery::direct});
    const auto later =
        bus.subscribe<Tock>([&](const Tock&) { calls += "later"; }, {.delivery = Delivery::direct, .priority = -1});
    for (int i = 0; i < 10; ++i) bus.emit(Tick{});
    run_elsewhere([&] { bus.emit(Tock{}); });
    REQUIRE(report.has_value());
    CHECK(report->drained);
    CHECK(delivered == 10);
    CHECK(calls == "refused");
}

TEST_CASE("shutdown in a queued handler runs what waits for its own thread", "[shutdown][promise-9]") {
    EventBus bus({.pool = {.threads = 1}});
    std::atomic<int> delivered{0};
    std::optional<ShutdownReport> report;
    const auto closing = bus.subscribe<Tock>([&](const Tock&) { report = bus.shutdown(patience); });
    const auto other = bus.subscribe<Tock>([&](const Tock&) { ++delivered; });
    bus.emit(Tock{}).wait();
    REQUIRE(report.has_value());
    CHECK(report->drained);
    CHECK(report->undelivered == 0);
    CHECK(delivered == 1);
}

TEST_CASE("what waits behind the handler that shuts down is reported as undelivered", "[shutdown][promise-8]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::optional<ShutdownReport> report;
    int calls = 0;
    const auto closing = bus.subscribe<Tick>(
        [&](const Tick&) {
            ++calls;
            report = bus.shutdown(patience);
        },
        {.executor = executor});
    for (int i = 0; i < 4; ++i) bus.emit(Tick{});
    run_elsewhere([&] { executor->run_all(); });
    REQUIRE(report.has_value());
    CHECK_FALSE(report->drained);
    CHECK(report->undelivered == 3);
    CHECK(calls == 1);
    CHECK(bus.stats().discarded == 3);
}

TEST_CASE("handlers that shut down while another thread does end, too", "[shutdown][promise-9]") {
    EventBus bus;
    std::latch entered(1);
    const auto closing = bus.subscribe<Tick>([&](const Tick&) {
        entered.count_down();
        // Until the other thread has begun.
        spin_until([&] { return bus.stats().refused_closed > 0; });
        bus.shutdown(patience);
    });
    bus.emit(Tick{});
    entered.wait();
    auto other = start([&] { return bus.shutdown(patience); });
    spin_until([&] { return bus.emit(Tock{}).outcome == Outcome::closed; });
    CHECK(get_soon(std::move(other)).drained);
}

TEST_CASE("a handler that shutdown runs itself may call shutdown", "[shutdown][promise-9]") {
    EventBus bus({.pool = {.threads = 0}});
    int calls = 0;
    const auto closing = bus.subscribe<Tick>([&](const Tick&) {
        ++calls;
        bus.shutdown(patience);
    });
    bus.emit(Tick{});
    run_elsewhere([&] { bus.shutdown(patience); });
    CHECK(calls == 1);
    CHECK(bus.emit(Tick{}).outcome == Outcome::closed);
}

TEST_CASE("handlers of two buses that shut each other's bus down end when the time is over", "[shutdown][promise-9]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus left, right;
    std::latch both_inside(2);
    std::atomic<int> undrained{0};
    const auto shut_down = [&](EventBus& other) {
        return [&](const Tick&) {
            both_inside.arrive_and_wait();
            undrained += other.shutdown(std::chrono::milliseconds(50)).drained ? 0 : 1;
        };
    };
    const auto of_left = left.subscribe<Tick>(shut_down(right), {.delivery = delivery});
    const auto of_right = right.subscribe<Tick>(shut_down(left), {.delivery = delivery});
    auto first = start([&] { left.emit(Tick{}).wait(); });
    auto second = start([&] { right.emit(Tick{}).wait(); });
    get_soon(std::move(first));
    get_soon(std::move(second));
    // Nobody waits for direct handlers. Of the queued ones that wait for each other, both give up, or one lets the
    // other end.
    CHECK((delivery == Delivery::direct ? undrained == 0 : undrained > 0));
    CHECK(left.emit(Tick{}).outcome == Outcome::closed);
    CHECK(right.emit(Tick{}).outcome == Outcome::closed);
}

TEST_CASE("handlers of two buses that destroy each other's bus both return", "[shutdown][promise-9][promise-13]") {
    const auto [delivery, end_first] = GENERATE(
        table<Delivery, bool>({{Delivery::direct, false}, {Delivery::queued, false}, {Delivery::queued, true}}));
    const BusOptions options{.pool = {.threads = 1}, .drain_on_destroy = Duration::zero()};
    auto left = std::make_unique<EventBus>(options), right = std::make_unique<EventBus>(options);
    std::latch both_inside(2), both_done(2);
    const auto destroy = [&, end_first = end_first](std::unique_ptr<EventBus>& other) {
        return [&, end_first](const Tick&) {
            if (end_first) hindsight::this_handler::disconnect();
            both_inside.arrive_and_wait();
            other.reset();
            both_done.count_down();
        };
    };
    left->subscribe<Tick>(destroy(right), {.delivery = delivery}).detach();
    right->subscribe<Tick>(destroy(left), {.delivery = delivery}).detach();
    auto first = start([&] { left->emit(Tick{}); });
    auto second = start([&] { right->emit(Tick{}); });
    get_soon(std::move(first));
    get_soon(std::move(second));
    run_elsewhere([&] { both_done.wait(); });
    CHECK(left == nullptr);
    CHECK(right == nullptr);
}

TEST_CASE("a bus can be destroyed inside its own direct handler", "[shutdown][promise-13]") {
    auto bus = std::make_unique<EventBus>();
    const auto state = std::make_shared<int>(0);
    bool alive_inside = false;
    Subscription destroying = bus->subscribe<Tick>(
        [&, state](const Tick& tick) {
            bus.reset();
            // The handler's own state and its event live until it returns.
            alive_inside = *state == 0 && tick.number == 6;
        },
        {.delivery = Delivery::direct});
    int later_calls = 0;
    const Subscription later =
        bus->subscribe<Tick>([&](const Tick&) { ++later_calls; }, {.delivery = Delivery::direct});
    const auto receipt = bus->emit(Tick{6});
    CHECK(bus == nullptr);
    CHECK(alive_inside);
    CHECK(later_calls == 0);
    CHECK(receipt.seq == 1);
    CHECK(state.use_count() == 1);
    CHECK_FALSE(destroying.connected());
    CHECK(destroying.disconnect());
}

TEST_CASE("a bus can be destroyed in a nested direct handler", "[shutdown][promise-13]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.history = {.capacity = 0}});
    std::string calls;
    bus->subscribe<Tock>(
           [&](const Tock&) {
               calls += "destroy ";
               bus.reset();
           },
           {.delivery = Delivery::direct})
        .detach();
    bus->subscribe<Tick>(
           [&](const Tick&) {
               bus->emit(Tock{});
               calls += "back";
           },
           {.delivery = Delivery::direct})
        .detach();
    bus->emit(Tick{});
    CHECK(calls == "destroy back");
}

TEST_CASE("a bus can be destroyed in a handler on its own pool", "[shutdown][promise-13]") {
    auto bus = std::make_unique<EventBus>();
    std::promise<void> destroyed;
    const auto state = std::make_shared<int>(0);
    std::weak_ptr<int> watch = state;
    bus->subscribe<Tick>([&, state](const Tick&) {
           bus.reset();
           destroyed.set_value();
       })
        .detach();
    const auto receipt = bus->emit(Tick{});
    get_soon(destroyed.get_future());
    receipt.wait();
    spin_until([&] { return state.use_count() == 1; });
    CHECK(bus == nullptr);
}

TEST_CASE("a bus can be destroyed in a handler on an executor that others own", "[shutdown][promise-13]") {
    const auto executor = std::make_shared<ManualExecutor>();
    auto bus = std::make_unique<EventBus>(BusOptions{.executor = executor, .on_error = ignore_errors});
    const auto state = std::make_shared<int>(0);
    bus->subscribe<Tick>([&, state](const Tick&) { bus.reset(); }).detach();
    bus->emit(Tick{});
    const auto waiting = bus->emit(Tick{});
    executor->run_all();
    CHECK(bus == nullptr);
    CHECK(state.use_count() == 1);
    CHECK(waiting.wait_for(Duration::zero()));
}

TEST_CASE("a bus can be destroyed in a handler that run_pending runs", "[shutdown][promise-13]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.pool = {.threads = 0}, .on_error = ignore_errors});
    const auto state = std::make_shared<int>(0);
    bus->subscribe<Tick>([&, state](const Tick&) { bus.reset(); }).detach();
    bus->subscribe<Tick>([&, state](const Tick&) { ++*state; }).detach();
    bus->emit(Tick{});
    bus->emit(Tick{});
    bus->run_pending();
    CHECK(bus == nullptr);
    CHECK(state.use_count() == 1);
}

TEST_CASE("a bus can be destroyed in a handler that its shutdown runs", "[shutdown][promise-13]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.pool = {.threads = 0}});
    const auto state = std::make_shared<int>(0);
    bus->subscribe<Tick>([&, state](const Tick&) { bus.reset(); }).detach();
    bus->emit(Tick{});
    bus->shutdown(patience);
    CHECK(bus == nullptr);
    CHECK(state.use_count() == 1);
}

TEST_CASE("a bus can be destroyed in its error handler", "[shutdown][promise-13]") {
    std::unique_ptr<EventBus> bus;
    bus = std::make_unique<EventBus>(BusOptions{.on_error = [&](const HandlerError&) { bus.reset(); }});
    bus->subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct}).detach();
    bus->emit(Tick{});
    CHECK(bus == nullptr);
}

TEST_CASE("a store can go to a new bus inside the handler that destroyed the old one", "[shutdown][promise-9]") {
    const auto store = std::make_shared<EventStore>();
    auto bus = std::make_unique<EventBus>(store);
    std::unique_ptr<EventBus> next;
    int calls = 0;
    bus->subscribe<Tick>(
           [&](const Tick&) {
               bus.reset();
               next = std::make_unique<EventBus>(store, BusOptions{.pool = {.threads = 0}});
           },
           {.delivery = Delivery::direct})
        .detach();
    bus->emit(Tick{});
    REQUIRE(next != nullptr);
    const auto subscription = next->subscribe<Tick>([&](const Tick&) { ++calls; });
    const auto receipt = next->emit(Tick{});
    CHECK(receipt.seq == 2);
    CHECK_THROWS_AS(receipt.wait_for(std::chrono::milliseconds(1)), WouldDeadlock);
    next->run_pending();
    CHECK(calls == 1);
}

/// Does something when the last copy of it is gone.
struct AtEnd {
    explicit AtEnd(std::function<void()> action) : end(nullptr, [action](void*) { action(); }) {}
    std::shared_ptr<void> end;
};

struct Laden {
    static constexpr std::string_view event_name = "test.laden";
    AtEnd load;
};

TEST_CASE("the destructors of handlers and of waiting events may shut the bus down", "[shutdown][promise-4]") {
    int ends = 0;
    EventBus bus({.history = {.capacity = 0}, .executor = std::make_shared<ManualExecutor>()});
    const auto shut_down = [&] {
        ++ends;
        CHECK(bus.shutdown(Duration::zero()).undelivered == 1);
    };
    auto state = std::make_unique<AtEnd>(shut_down);
    const auto subscription = bus.subscribe<Laden>([state = std::move(state)](const Laden&) {});
    bus.emit(Laden{AtEnd(shut_down)});
    bus.shutdown(Duration::zero());
    CHECK(ends == 2);
}

}  // namespace

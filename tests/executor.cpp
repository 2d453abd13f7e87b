#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/executors.hpp"
#include "support/task_targets.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/executor.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("a task runs once, however often it is called", "[executor]") {
    int runs = 0;
    TestTarget target([&] { ++runs; });
    {
        Task task(&target);
        CHECK_FALSE(task.spent());
        task();
        CHECK(task.spent());
        task();
        CHECK(task.run(5) == 0);
    }
    CHECK(runs == 1);
    CHECK(target.finished == 1);
    CHECK(target.abandoned == 0);
}

TEST_CASE("a task that is destroyed without a call abandons its deliveries", "[executor]") {
    TestTarget target;
    { const Task task(&target); }
    CHECK(target.abandoned == 1);
    CHECK(target.finished == 0);
}

TEST_CASE("a task moves, and what it was moved from does nothing", "[executor]") {
    TestTarget target, other;
    {
        Task task(&target);
        Task taker(std::move(task));
        task();
        CHECK(task.spent());
        CHECK(target.finished == 0);

        Task third(&other);
        third = std::move(taker);  // the task that was there is abandoned
        CHECK(other.abandoned == 1);
        CHECK(taker.spent());
        Task& same = third;
        third = std::move(same);
        CHECK_FALSE(third.spent());
        third();
    }
    CHECK(target.finished == 1);
    CHECK(target.abandoned == 0);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Task>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Task>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Task>);
    STATIC_REQUIRE(std::is_nothrow_invocable_v<Task&>);
}

TEST_CASE("a task runs a few deliveries at a time if so asked", "[executor]") {
    int runs = 0;
    TestTarget target([&] { ++runs; }, 5);
    {
        Task task(&target);
        CHECK(task.run(2) == 2);
        CHECK(runs == 2);
        CHECK_FALSE(task.spent());
        CHECK(task.run(2) == 2);
        CHECK(task.run(2) == 1);
        CHECK(task.spent());
    }
    CHECK(target.finished == 1);

    TestTarget unfinished([] {}, 5);
    {
        Task task(&unfinished);
        CHECK(task.run(4) == 4);
    }
    CHECK(unfinished.finished == 0);
    CHECK(unfinished.abandoned == 1);
}

TEST_CASE("the bus's executor runs all queued handlers but those that have their own", "[executor]") {
    const auto shared = std::make_shared<ManualExecutor>();
    const auto own = std::make_shared<ManualExecutor>();
    EventBus bus{{.executor = shared}};
    int on_shared = 0, on_own = 0, direct = 0;
    const Subscription first = bus.subscribe<ClockTick>([&](const ClockTick&) { ++on_shared; });
    const Subscription second = bus.subscribe<ClockTick>([&](const ClockTick&) { ++on_own; }, {.executor = own});
    const Subscription third =
        bus.subscribe<ClockTick>([&](const ClockTick&) { ++direct; }, {.delivery = Delivery::direct, .executor = own});

    const Receipt receipt = bus.emit(ClockTick{});
    CHECK(receipt.queued == 2);
    CHECK(direct == 1);
    CHECK(on_shared + on_own == 0);
    CHECK(bus.run_pending() == 0);
    shared->run_all();
    CHECK(on_shared == 1);
    CHECK(on_own == 0);
    CHECK_FALSE(receipt.wait_for(Duration::zero()));
    own->run_all();
    CHECK(on_own == 1);
    CHECK(receipt.wait_for(Duration::zero()));
}

TEST_CASE("one task runs all that waits for a subscription", "[executor]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus{{.executor = executor}};
    int calls = 0;
    const Subscription handler = bus.subscribe<ClockTick>([&](const ClockTick&) { ++calls; });
    for (int i = 0; i < 200; ++i) bus.emit(ClockTick{i});
    CHECK(executor->waiting() == 1);
    executor->run_all();
    CHECK(calls == 200);
    CHECK(executor->waiting() == 0);
    bus.emit(ClockTick{});
    CHECK(executor->waiting() == 1);
    executor->run_all();
    CHECK(calls == 201);
}

TEST_CASE("tasks may outlive their subscription and the bus", "[executor]") {
    const auto executor = std::make_shared<ManualExecutor>();
    std::optional<EventBus> bus(
        std::in_place,
        BusOptions{.executor = executor, .on_error = [](const HandlerError&) {}, .drain_on_destroy = Duration::zero()});
    int calls = 0;
    std::optional<Subscription> handler(bus->subscribe<ClockTick>([&](const ClockTick&) { ++calls; }));
    const Receipt receipt = bus->emit(ClockTick{});
    handler.reset();
    CHECK(receipt.wait_for(Duration::zero()));
    executor->run_all();
    CHECK(calls == 0);

    const Subscription late = bus->subscribe<ClockTick>([&](const ClockTick&) { ++calls; });
    bus->emit(ClockTick{});
    bus.reset();
    executor->run_all();
    CHECK(calls == 0);
}

}  // namespace

// Promise 4: user code runs without a lock, so it may use the bus, itself and from other threads.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/meddling.hpp"

#include <hindsight/event_bus.hpp>

#include <memory>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::KeepNone;
using hindsight::Record;
using namespace hindsight::test;

namespace {

TEST_CASE("a handler may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    Actions use{&bus};
    const auto by_event = bus.subscribe<Tick>([&](const Tick&) { use(); }, {.delivery = delivery});
    bus.emit(Tick{}).wait();
    CHECK(use.runs == 1);
}

TEST_CASE("a filter may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    const auto filtered =
        bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                     use();
                                                     return true;
                                                 }});
    CHECK(bus.emit(Tick{}).matched == 1);
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
}

TEST_CASE("a policy may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    Actions use;
    EventBus bus({.history = {.policies = {{"test.tick", MeddlingPolicy{&use}}}}});
    use.bus = &bus;
    SECTION("policies stay") {
        use.policies = {{"test.tick", MeddlingPolicy{&use}}};
    }
    SECTION("policies change") {
        use.policies = {{"test.tick", KeepNone{}}};
    }
    CHECK(bus.emit(Tick{}));
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
    use.bus = nullptr;
}

TEST_CASE("an error handler may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    Actions use;
    EventBus bus({.on_error = [&](const HandlerError&) { use(); }});
    use.bus = &bus;
    const auto failing = bus.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(use.runs == 1);
}

TEST_CASE("on_lagged may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    const auto executor = std::make_shared<ManualExecutor>();
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_newest},
                             .executor = executor,
                             .on_lagged = [&](const hindsight::Lagged&) { use(); }});
    bus.emit(Tick{});
    bus.emit(Tick{});
    executor->run_all();
    CHECK(use.runs == 1);
}

TEST_CASE("an executor may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    SECTION("when it is given a task") {
        const auto subscription =
            bus.subscribe<Tick>([](const Tick&) {}, {.executor = std::make_shared<MeddlingExecutor>(use)});
        bus.emit(Tick{}).wait();
    }
    SECTION("when it is asked whether it runs here") {
        const auto executor = std::make_shared<ManualExecutor>();
        executor->on_question = [&] { use(); };
        const auto subscription =
            bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .block_for = hindsight::Duration(1)},
                                                     .executor = executor});
        bus.emit(Tick{});
        bus.emit(Tick{});
        executor->run_all();
    }
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
}

TEST_CASE("a clock may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    const auto clock = std::make_shared<MeddlingClock>();
    EventBus bus({.clock = clock});
    Actions use{&bus};
    clock->own = &use;
    bus.emit(Tick{});
    CHECK(use.runs == 1);
    clock->own = nullptr;
}

}  // namespace

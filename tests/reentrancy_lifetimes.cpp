// Promise 4: events and handlers are made and destroyed without a lock, so they may use the bus.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/meddling.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <functional>
#include <memory>
#include <utility>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::KeepNone;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

struct Reset {
    Reset() = default;
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;
    ~Reset() { actions = nullptr; }
};

TEST_CASE("the handler's destructor may use the bus, and so may other threads meanwhile", "[reentrancy][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    std::shared_ptr<int> state(new int(0), [&](int* number) {
        use();
        delete number;
    });
    Subscription subscription =
        bus.subscribe<Tick>([held = std::exchange(state, nullptr)](const Tick&) {}, {.delivery = Delivery::direct});
    SECTION("disconnected") {
        subscription.disconnect();
    }
    SECTION("closed") {
        subscription.close();
    }
    SECTION("disconnected in the handler of another") {
        const auto other = bus.subscribe<Tick>([&](const Tick&) { subscription.disconnect(); },
                                               {.delivery = Delivery::direct, .priority = 1});
        bus.emit(Tick{});
    }
    CHECK(use.runs == 1);
}

TEST_CASE("copying, moving and describing an event may use the bus, and so may other threads meanwhile",
          "[reentrancy][promise-4]") {
    const Reset reset;
    EventBus bus;
    Actions use{&bus};
    const auto direct = bus.subscribe<Meddler>([](const Meddler&) {}, {.delivery = Delivery::direct});
    const auto queued = bus.subscribe<Meddler>([](const Meddler&) {});
    const auto moment =
        GENERATE(Meddler::Moment::copy, Meddler::Moment::move, Meddler::Moment::key, Meddler::Moment::size);
    const Meddler event(moment);
    actions = &use;
    if (moment == Meddler::Moment::move) {
        bus.emit(Meddler(moment)).wait();
    } else {
        bus.emit(event).wait();
    }
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
    actions = nullptr;
}

TEST_CASE("the event's destructor may use the bus wherever the last record of it goes", "[reentrancy][promise-4]") {
    const Reset reset;
    EventBus bus({.history = {.capacity = 1}});
    Actions use{&bus};
    actions = &use;
    const auto executor = std::make_shared<ManualExecutor>();
    const auto emit = [&] {
        use.busy = true;
        bus.emit(Meddler(Meddler::Moment::destruction));
        use.busy = false;
    };
    std::function<void()> let_go;
    Subscription waiting;
    SECTION("evicted by a newer event") {
        emit();
        let_go = [&] { bus.emit(Tick{}); };
    }
    SECTION("cleared") {
        emit();
        let_go = [&] { bus.history().clear(); };
    }
    SECTION("sent nowhere by new policies") {
        emit();
        let_go = [&] { bus.history().set_policies({{"test.*", KeepNone{}}}); };
    }
    SECTION("dropped by a full mailbox") {
        waiting = bus.subscribe(
            "test.*", [](const Record&) {},
            {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest}, .executor = executor});
        emit();
        use.busy = true;
        bus.history().clear();
        use.busy = false;
        let_go = [&] { bus.emit(Tick{}); };
    }
    SECTION("discarded with its subscription") {
        waiting = bus.subscribe<Meddler>([](const Meddler&) {}, {.executor = executor});
        emit();
        use.busy = true;
        bus.history().clear();
        use.busy = false;
        let_go = [&] { waiting.disconnect(); };
    }
    SECTION("retired") {
        emit();
        let_go = [&] { bus.retire<Meddler>(); };
    }
    REQUIRE(let_go);
    const int before = use.runs;
    run_elsewhere(let_go);
    CHECK(use.runs == before + 1);
    actions = nullptr;
    executor->run_all();
}

TEST_CASE("the destructors of what a bus was given may use another bus", "[reentrancy][promise-4]") {
    EventBus other;
    int ended = 0;
    const auto token = [&] {
        return std::shared_ptr<int>(new int(0), [&](int* number) {
            ++ended;
            other.emit(Tick{});
            delete number;
        });
    };
    {
        BusOptions options;
        options.on_error = [held = token()](const HandlerError&) {};
        EventBus bus(std::move(options));
        bus.subscribe<Tick>([held = token()](const Tick&) {},
                            {.filter = [held = token()](const Record&) { return true; },
                             .on_lagged = [held = token()](const hindsight::Lagged&) {}})
            .detach();
        bus.emit(Tick{});
    }
    CHECK(ended == 4);
    CHECK(other.history().size() == 4);
}

}  // namespace

// Promise 4: events and handlers are made and destroyed without a lock, so they may use the bus.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/meddling.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <functional>
#include <memory>
#include <string_view>
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

/// Emits on other buses while it is copied and destroyed.
struct Busy {
    static constexpr std::string_view event_name = "test.busy";
    Busy(EventBus& when_copied_, EventBus& when_destroyed_)
        : when_copied(&when_copied_), when_destroyed(&when_destroyed_) {}
    Busy(const Busy& other)
        : when_copied(other.when_copied), when_destroyed(other.when_destroyed), is_copy(true), number(other.number) {
        const Tick tick{number};
        when_copied->emit(tick);
    }
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
        const Tock tock{};
        if (is_copy) when_destroyed->emit(tock);
    }

    EventBus* when_copied;
    EventBus* when_destroyed;
    bool is_copy = false;
    int number = 0;
};

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

TEST_CASE("events that others are emitted inside of while history is full stay what they are",
          "[reentrancy][promise-4]") {
    EventBus ticks({.history = {.capacity = 4}});
    EventBus tocks({.history = {.capacity = 4}});
    EventBus bus({.history = {.capacity = 4}});
    int calls = 0;
    const auto direct = bus.subscribe<Busy>([&](const Busy&) { ++calls; }, {.delivery = Delivery::direct});
    Busy busy(ticks, tocks);
    for (busy.number = 0; busy.number < 50; ++busy.number) {
        bus.emit(busy);
        const Tick tick{busy.number};
        const Tock tock{};
        ticks.emit(tick);
        tocks.emit(tock);
    }
    CHECK(calls == 50);
    const auto of_last = [](const Record& record) { return record.as<Busy>().number >= 46; };
    const auto kept = bus.history().query({.name = "test.busy"});
    REQUIRE(kept.size() == 4);
    for (const Record& record : kept) CHECK(of_last(record));
    CHECK(ticks.history().query<Tick>().size() == 4);
    CHECK(tocks.history().query<Tock>().size() == 4);
    CHECK(ticks.history().last_seq() == 100);
    CHECK(bus.retire<Busy>() == 4);
}

}  // namespace

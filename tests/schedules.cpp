// Events that are emitted later: with a clock that is moved by hand, so that everything happens when the test says so.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/executors.hpp"

#include <hindsight/event_bus.hpp>

#include <chrono>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// A bus whose time the test moves, and what came of what was scheduled.
struct Bus {
    explicit Bus(BusOptions options = {}) : bus(with_clock(std::move(options), clock)) {}

    static BusOptions with_clock(BusOptions options, std::shared_ptr<Clock> clock) {
        options.clock = std::move(clock);
        return options;
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(TimePoint{100s});
    std::vector<int> ticks;
    EventBus bus;
    Subscription counting =
        bus.subscribe<Tick>([this](const Tick& tick) { ticks.push_back(tick.number); }, {.delivery = Delivery::direct});
};

TEST_CASE("an event is emitted when its delay is over, not before", "[schedules]") {
    Bus test;
    const auto scheduled = test.bus.emit_after(5s, Tick{7}, {.source = "timer", .key = "k", .metadata = {{"a", "b"}}});
    CHECK(scheduled.pending());
    CHECK(test.bus.stats().schedules.waiting == 1);
    test.clock->advance(5s - 1ns);
    CHECK(test.ticks.empty());
    test.clock->advance(1ns);
    CHECK(test.ticks == std::vector{7});
    CHECK_FALSE(scheduled.pending());
    CHECK(scheduled.emitted() == 1);
    test.clock->advance(1h);
    CHECK(test.ticks == std::vector{7});

    const Record record = test.bus.history().query().front();
    CHECK(record.time() == TimePoint{105s});
    CHECK(record.seq() == 1);
    CHECK(record.source() == "timer");
    CHECK(record.key() == "k");
    CHECK(record.cause() == 0);
}

TEST_CASE("an event is emitted at its time, or at once when that is past", "[schedules]") {
    Bus test;
    const auto later = test.bus.emit_at(TimePoint{200s}, Tick{2});
    const auto past = test.bus.emit_at(TimePoint{1s}, Tick{1}, {.time = TimePoint{3s}});
    CHECK(test.ticks.empty());
    test.bus.run_pending();
    CHECK(test.ticks == std::vector{1});
    CHECK(test.bus.history().query().front().time() == TimePoint{3s});
    test.clock->set(TimePoint{200s});
    CHECK(test.ticks == std::vector{1, 2});
}

TEST_CASE("what is due is emitted in the order of times, then of scheduling", "[schedules]") {
    Bus test;
    std::vector<Scheduled> all;
    all.push_back(test.bus.emit_after(3s, Tick{3}));
    all.push_back(test.bus.emit_after(1s, Tick{1}));
    all.push_back(test.bus.emit_at(TimePoint{102s}, Tick{2}));
    all.push_back(test.bus.emit_after(3s, Tick{4}));
    all.push_back(test.bus.emit_at(TimePoint::min(), Tick{0}));
    all.push_back(test.bus.emit_after(Duration::max(), Tick{9}));
    all.push_back(test.bus.emit_at(TimePoint::max(), Tick{9}));
    test.clock->advance(10s);
    CHECK(test.ticks == std::vector{0, 1, 2, 3, 4});
    CHECK(test.bus.stats().schedules.waiting == 2);
}

TEST_CASE("a repeated event keeps its rate, and skips what it is too late for", "[schedules]") {
    Bus test;
    auto every = test.bus.emit_every(10s, Tick{1});
    for (int i = 0; i < 30; ++i) test.clock->advance(1s);
    CHECK(test.ticks.size() == 3);
    test.clock->advance(35s);  // due at 140, 150 and 160 s: one emit, and the next at 170 s
    CHECK(test.ticks.size() == 4);
    CHECK(every.skipped() == 2);
    test.clock->advance(5s - 1ns);
    CHECK(test.ticks.size() == 4);
    test.clock->advance(1ns);
    CHECK(test.ticks.size() == 5);
    CHECK(every.emitted() == 5);
    CHECK(test.bus.stats().schedules.skipped == 2);
    CHECK(every.cancel());
    CHECK_FALSE(every.cancel());
    test.clock->advance(1h);
    CHECK(test.ticks.size() == 5);
    CHECK(test.bus.history().query().size() == 5);
}

TEST_CASE("a handle that goes takes its event along", "[schedules][lifetimes]") {
    Bus test;
    auto cancelled = test.bus.emit_after(1s, Tick{1});
    CHECK(cancelled.cancel());
    CHECK_FALSE(cancelled.pending());
    CHECK_FALSE(cancelled.cancel());
    { const auto gone = test.bus.emit_after(1s, Tick{2}); }
    test.bus.emit_after(1s, Tick{3}).detach();
    auto moved = test.bus.emit_after(1s, Tick{4});
    const Scheduled kept = std::move(moved);
    auto replaced = test.bus.emit_after(1s, Tick{5});
    replaced = test.bus.emit_after(1s, Tick{6});
    test.clock->advance(1s);
    CHECK(test.ticks == std::vector{3, 4, 6});
    CHECK_FALSE(replaced.cancel());
    CHECK_FALSE(Scheduled().cancel());
    CHECK(test.bus.stats().schedules.cancelled == 3);
    CHECK(test.bus.stats().schedules.emitted == 3);
}

TEST_CASE("a repeated event can be cancelled by its own handler", "[schedules]") {
    Bus test;
    Scheduled every;
    std::optional<bool> result;
    const auto cancelling = test.bus.subscribe<Tick>(
        [&](const Tick&) {
            if (test.ticks.size() == 2 && !result) result = every.cancel();
        },
        {.delivery = Delivery::direct});
    every = test.bus.emit_every(1s, Tick{1});
    for (int i = 0; i < 5; ++i) test.clock->advance(1s);
    CHECK(test.ticks.size() == 2);
    CHECK(result == true);
    CHECK_FALSE(every.pending());
}

TEST_CASE("what a filter cancels while it is asked is emitted all the same, and it is told so", "[schedules]") {
    Bus test;
    Scheduled every;
    std::optional<bool> result;
    const auto filtered =
        test.bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                          if (!result) result = every.cancel();
                                                          return true;
                                                      }});
    every = test.bus.emit_every(1s, Tick{1});
    test.clock->advance(1s);
    test.clock->advance(1s);
    CHECK(result == false);
    CHECK(test.ticks.size() == 1);
}

TEST_CASE("without threads what is due is emitted in run_pending", "[schedules][single_threaded]") {
    const auto clock = std::make_shared<ManualClock>();
    SingleThreadedBus bus{{.clock = clock}};
    std::vector<int> handled;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { handled.push_back(tick.number); });
    const auto one = bus.emit_after(1s, Tick{1});
    const auto every = bus.emit_every(2s, Tick{2});
    clock->advance(2s);
    CHECK(handled.empty());
    CHECK(bus.run_pending() == 2);
    CHECK(handled == std::vector{1, 2});
    CHECK(bus.run_pending() == 0);

    SingleThreadedBus real;
    int ticks = 0;
    const auto counting = real.subscribe<Tick>([&](const Tick&) { ++ticks; });
    real.emit_after(0s, Tick{}).detach();
    real.emit_after(1h, Tick{}).detach();
    CHECK(real.run_pending() == 1);
    CHECK(ticks == 1);
}

TEST_CASE("a scheduled event comes of the handler that scheduled it", "[schedules][causality]") {
    Bus test;
    const auto scheduling = test.bus.subscribe<Tock>([&](const Tock&) { test.bus.emit_after(1s, Tick{1}).detach(); },
                                                     {.delivery = Delivery::direct});
    const auto repeating =
        test.bus.subscribe<Price>([&](const Price&, const Record&) { test.bus.emit_every(1s, Tick{2}).detach(); },
                                  {.delivery = Delivery::direct});
    const Seq first = test.bus.emit(Tock{}, {.correlation = "order 7"}).seq;
    const Seq second = test.bus.emit(Price{"a", 1}, {.correlation = "order 8"}).seq;
    test.clock->advance(1s);
    test.clock->advance(1s);
    const auto ticks = test.bus.history().query<Tick>();
    REQUIRE(ticks.size() == 3);
    CHECK(ticks[0].cause() == first);
    CHECK(ticks[0].correlation() == "order 7");
    CHECK(ticks[1].cause() == second);
    CHECK(ticks[2].cause() == second);
    CHECK(ticks[2].correlation() == "order 8");
    CHECK(test.bus.history().trace(second).entries.size() == 3);
}

TEST_CASE("what makes no sense is refused, and nothing is scheduled", "[schedules][promise-6]") {
    Bus test{{.max_scheduled = 2}};
    CHECK_THROWS_WITH(test.bus.emit_after(-1ns, Tick{}), Contains("emit_after: the delay is negative: -1 ns"));
    CHECK_THROWS_AS(test.bus.emit_after(-1ns, Tick{}), InvalidArgument);
    CHECK_THROWS_WITH(test.bus.emit_every(0s, Tick{}), Contains("emit_every: the period is 0 ns"));
    CHECK_THROWS_AS(test.bus.emit_every(-1s, Tick{}), InvalidArgument);
    CHECK_THROWS_AS(test.bus.emit_after(1s, NamedEvent{"No Name"}), InvalidName);
    CHECK_THROWS_AS(test.bus.emit_after(1s, Tick{}, {.source = std::string(70'000, 's')}), InvalidArgument);
    CHECK_THROWS(test.bus.emit_after(1s, Fragile(Fragile::Step::copy)).detach());
    const Fragile fragile(Fragile::Step::copy);
    CHECK_THROWS_WITH(test.bus.emit_after(1s, fragile), "fragile");
    CHECK(test.bus.stats().schedules.waiting == 0);

    auto a = test.bus.emit_after(1s, Tick{1});
    const auto b = test.bus.emit_every(1s, Tick{2});
    CHECK_THROWS_AS(test.bus.emit_after(1s, Tick{3}), LimitReached);
    CHECK_THROWS_WITH(test.bus.emit_at(TimePoint{}, Tick{3}), Contains("2 are") && Contains("max_scheduled"));
    CHECK(a.cancel());
    const auto c = test.bus.emit_after(1s, Tick{4});
    test.clock->advance(1s);
    CHECK(test.ticks == std::vector{2, 4});

    test.bus.shutdown(0s);
    CHECK_THROWS_AS(test.bus.emit_after(1s, Tick{}), Closed);
}

TEST_CASE("an emit that fails is told, counted, and does not end the others", "[schedules][promise-8]") {
    std::vector<HandlerError> errors;
    Bus test{{.on_error = [&](const HandlerError& error) { errors.push_back(error); }}};
    Fragile fragile;
    fragile.act = [] {
        static int copies = 0;
        if (++copies == 2) Fragile::fail();  // the first is what is kept, the second what is emitted
    };
    fragile.step = Fragile::Step::copy;
    const auto every = test.bus.emit_every(1s, fragile);
    const auto tick = test.bus.emit_after(1s, Tick{1});
    test.clock->advance(1s);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].handler == "(schedule)");
    CHECK(errors[0].record.name() == "fragile.thing");
    CHECK_THROWS_WITH(std::rethrow_exception(errors[0].error), "fragile");
    CHECK(every.failed() == 1);
    CHECK(every.emitted() == 0);
    CHECK(test.ticks == std::vector{1});
    test.clock->advance(1s);
    CHECK(every.emitted() == 1);
    CHECK(test.bus.stats().schedules.failed == 1);
    CHECK(test.bus.stats().schedules.emitted == 2);
}

TEST_CASE("a handler that throws does not make the emit fail, whatever the policy", "[schedules]") {
    for (const ErrorPolicy policy : {ErrorPolicy::isolate, ErrorPolicy::rethrow}) {
        int told = 0;
        Bus test{{.errors = policy, .on_error = [&](const HandlerError&) { ++told; }}};
        const auto throwing = test.bus.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
        const auto scheduled = test.bus.emit_after(1s, Tick{1});
        test.clock->advance(1s);
        CHECK(told == 1);
        CHECK(scheduled.emitted() == 1);
        CHECK(scheduled.failed() == 0);
    }
}

TEST_CASE("a shutdown emits what is due, and reports the rest by name", "[schedules][shutdown][promise-8]") {
    const auto clock = std::make_shared<ManualClock>();
    SingleThreadedBus bus{{.clock = clock}};
    std::vector<int> handled;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) {
        handled.push_back(tick.number);
        if (tick.number == 1) bus.emit_after(0s, Tock{}).detach();  // while it is being drained
    });
    const auto due = bus.emit_after(1s, Tick{1});
    const auto later = bus.emit_after(2s, Tick{2});
    bus.emit_every(5s, Tick{3}).detach();
    clock->advance(1s);
    const auto report = bus.shutdown(1s);
    CHECK(report.drained);
    CHECK(handled == std::vector{1});
    CHECK(report.not_emitted == 3);
    REQUIRE(report.by_schedule.size() == 2);
    CHECK(report.by_schedule[0].name == "test.tock");
    CHECK(report.by_schedule[0].events == 1);
    CHECK(report.by_schedule[1].name == "test.tick");
    CHECK(report.by_schedule[1].events == 2);
    CHECK(bus.shutdown(1s).not_emitted == 3);
    CHECK(bus.shutdown(1s).by_schedule.size() == 2);
    CHECK_FALSE(later.pending());
    clock->advance(1h);
    bus.run_pending();
    CHECK(handled == std::vector{1});
    const ScheduleStatistics counted = bus.stats().schedules;
    CHECK(counted.emitted == 1);
    CHECK(counted.not_emitted == 3);
    CHECK(counted.waiting == 0);
}

TEST_CASE("a bus that is destroyed tells of what it has not emitted", "[schedules][shutdown][promise-8]") {
    const auto clock = std::make_shared<ManualClock>();
    std::vector<std::string> told;
    Scheduled kept;
    {
        EventBus bus{{.clock = clock, .on_error = [&](const HandlerError& error) {
                          CHECK_THROWS_AS(std::rethrow_exception(error.error), Closed);
                          told.push_back(error.handler + " " + std::string(error.record.name()));
                      }}};
        kept = bus.emit_after(1s, Tick{});
        bus.emit_after(1s, Tock{}).detach();
        bus.emit_every(1s, Price{}).detach();  // has no last one that could be missed
    }
    CHECK(told == std::vector<std::string>{"(schedule) test.tick", "(schedule) test.tock"});
    CHECK_FALSE(kept.pending());
    CHECK_FALSE(kept.cancel());
    CHECK(kept.emitted() == 0);
    clock->advance(1h);
}

TEST_CASE("nobody waits for room in a full mailbox", "[schedules][promise-9]") {
    Bus test;
    const auto stuck = std::make_shared<ManualExecutor>();
    const auto slow =
        test.bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .hard_limit = 3}, .executor = stuck});
    std::vector<Scheduled> all;
    for (int i = 0; i < 5; ++i) all.push_back(test.bus.emit_after(1s, Tick{i}));
    test.clock->advance(1s);
    CHECK(test.ticks.size() == 5);
    CHECK(slow.stats().queue_depth == 3);
    CHECK(slow.stats().dropped == 2);
}

TEST_CASE("what a handler schedules for now has to wait for the next time", "[schedules]") {
    Bus test;
    const auto again =
        test.bus.subscribe<Tick>([&](const Tick& tick) { test.bus.emit_after(0s, Tick{tick.number + 1}).detach(); },
                                 {.delivery = Delivery::direct});
    const auto first = test.bus.emit_after(0s, Tick{0});
    test.bus.run_pending();
    CHECK(test.ticks == std::vector{0});
    test.clock->advance(0s);
    CHECK(test.ticks == std::vector{0, 1});
}

TEST_CASE("a handler may move the clock: what is due then follows", "[schedules][reentrancy]") {
    Bus test;
    int depth = 0;
    const auto moving = test.bus.subscribe<Tick>(
        [&](const Tick& tick) {
            ++depth;
            CHECK(depth == 1);
            if (tick.number < 3) test.clock->advance(1s);
            --depth;
        },
        {.delivery = Delivery::direct});
    std::vector<Scheduled> all;
    for (int i = 1; i <= 4; ++i) all.push_back(test.bus.emit_after(i * 1s, Tick{i}));
    test.clock->advance(1s);
    CHECK(test.ticks == std::vector{1, 2, 3});
}

TEST_CASE("no lock is held while payloads are copied and destroyed", "[schedules][promise-4]") {
    static EventBus* meddled = nullptr;
    static Scheduled* other = nullptr;
    Bus test;
    meddled = &test.bus;
    const auto meddle = [] {
        if (meddled == nullptr) return;
        meddled->emit_after(1h, Tock{}).detach();
        static_cast<void>(meddled->stats());
        if (other != nullptr) other->cancel();
    };
    for (const auto step : {Fragile::Step::copy, Fragile::Step::destroy}) {
        auto victim = test.bus.emit_after(1h, Tock{});
        other = &victim;
        const Fragile fragile(step, meddle);
        auto every = test.bus.emit_every(1s, fragile);
        auto once = test.bus.emit_after(1s, fragile);
        auto cancelled = test.bus.emit_after(1s, fragile);
        CHECK(cancelled.cancel());
        test.clock->advance(1s);
        CHECK(every.emitted() == 1);
        CHECK(once.emitted() == 1);
        CHECK(every.cancel());
        CHECK_FALSE(victim.pending());
        other = nullptr;
    }
    meddled = nullptr;
}

TEST_CASE("retire takes scheduled events of the type out", "[schedules]") {
    const auto clock = std::make_shared<ManualClock>();
    EventBus bus{{.clock = clock}};
    const auto once = bus.emit_after(1s, Fragile());
    const auto every = bus.emit_every(1s, Fragile());
    const auto other = bus.emit_after(1s, Tick{});
    CHECK(bus.retire<Fragile>() == 0);
    CHECK_FALSE(once.pending());
    CHECK_FALSE(every.pending());
    CHECK(other.pending());
    CHECK(Fragile::alive == 0);
    CHECK(bus.stats().schedules.cancelled == 2);
}

TEST_CASE("a bus may be destroyed by the handler of a scheduled event", "[schedules][promise-13]") {
    const auto clock = std::make_shared<ManualClock>();
    auto bus = std::make_unique<EventBus>(BusOptions{.clock = clock, .on_error = [](const HandlerError&) {}});
    bool called = false;
    bus->subscribe<Tick>(
           [&](const Tick&) {
               called = true;
               bus.reset();
           },
           {.delivery = Delivery::direct})
        .detach();
    const auto first = bus->emit_after(1s, Tick{});
    const auto second = bus->emit_after(1s, Tick{});
    clock->advance(1s);
    CHECK(called);
    CHECK(bus == nullptr);
    CHECK_FALSE(second.pending());
}

TEST_CASE("events that name themselves keep their names, sources and metadata each time", "[schedules]") {
    Bus test;
    const auto every =
        test.bus.emit_every(1s, NamedEvent{"some.name"}, {.source = "s", .correlation = "c", .metadata = {{"a", "b"}}});
    test.clock->advance(1s);
    test.clock->advance(1s);
    const auto records = test.bus.history().query({.name = "some.name"});
    REQUIRE(records.size() == 2);
    for (const Record& record : records) {
        CHECK(record.source() == "s");
        CHECK(record.key() == "s");
        CHECK(record.correlation() == "c");
        CHECK(record.metadata("a") == "b");
        CHECK(record.time() == TimePoint{100s + static_cast<int>(record.seq()) * 1s});
    }
}

TEST_CASE("events that cannot be copied are scheduled once", "[schedules]") {
    Bus test;
    int seen = 0;
    const auto parcels = test.bus.subscribe<Parcel>([&](const Parcel& parcel) { seen = *parcel.content; },
                                                    {.delivery = Delivery::direct});
    const auto scheduled = test.bus.emit_after(1s, Parcel{std::make_unique<int>(5)});
    test.clock->advance(1s);
    CHECK(seen == 5);
}

TEST_CASE("a callback manager of its own schedules, too", "[schedules][callback_manager]") {
    const auto clock = std::make_shared<ManualClock>();
    CallbackManager callbacks({.clock = clock});
    int ticks = 0;
    const auto counting = callbacks.subscribe<Tick>([&](const Tick&) { ++ticks; });
    const auto after = callbacks.emit_after(1s, Tick{});
    const auto at = callbacks.emit_at(TimePoint{1s}, Tick{});
    const auto every = callbacks.emit_every(1s, Tick{});
    clock->advance(1s);
    CHECK(callbacks.run_pending() == 3);
    CHECK(ticks == 3);
}

}  // namespace

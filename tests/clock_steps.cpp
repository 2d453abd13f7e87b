// A clock that is set back, or that jumps ahead as after a suspended machine: what order, queries by time and schedules
// make of it. The time-stamp counter itself is in detail/wall_clock.cpp.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/past.hpp>
#include <hindsight/scheduled.hpp>

#include <chrono>
#include <memory>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const TimePoint noon = TimePoint(12h);

std::vector<int> numbers_of(const std::vector<TypedRecord<Tick>>& records) {
    std::vector<int> numbers;
    for (const auto& record : records) numbers.push_back(record->number);
    return numbers;
}

/// Ticks 1 at noon, 2 an hour earlier as the clock was set back, 3 a minute after that, 4 a day later.
struct Stepped {
    Stepped() {
        bus.emit(Tick{1});
        clock->set(noon - 1h);
        bus.emit(Tick{2});
        clock->advance(1min);
        bus.emit(Tick{3});
        clock->advance(24h);
        bus.emit(Tick{4});
        bus.run_pending();
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(noon);
    EventBus bus{{.pool = {.threads = 0}, .clock = clock}};
};

TEST_CASE("history is in seq order though the clock was set back", "[clock][event_store]") {
    Stepped test;
    const auto all = test.bus.history().query<Tick>();
    CHECK(numbers_of(all) == std::vector{1, 2, 3, 4});
    CHECK(all[1].time() == noon - 1h);
    CHECK(test.bus.latest<Tick>()->seq() == 4);
}

TEST_CASE("a query by time asks each record, wherever the clock stood before and after it", "[clock][event_store]") {
    Stepped test;
    const EventStore& history = test.bus.history();
    CHECK(numbers_of(history.query<Tick>({.since = noon})) == std::vector{1, 4});
    CHECK(numbers_of(history.query<Tick>({.until = noon})) == std::vector{2, 3});
    CHECK(numbers_of(history.query<Tick>({.since = noon - 1h, .until = noon - 59min})) == std::vector{2});
    CHECK(numbers_of(history.query<Tick>({.since = noon + 1s, .limit = 1, .take = Take::oldest})) == std::vector{4});
    CHECK(numbers_of(history.query<Tick>({.until = noon + 1s, .limit = 1})) == std::vector{3});
}

TEST_CASE("a subscriber that joins since a time is given the events of that time in seq order", "[clock][replay]") {
    Stepped test;
    std::vector<int> got;
    const auto joined = test.bus.subscribe<Tick>([&](const Tick& tick) { got.push_back(tick.number); },
                                                 {.replay = Replay::since(noon)});
    test.bus.run_pending();
    CHECK(got == std::vector{1, 4});
}

TEST_CASE("an event that waits for a clock which is set back waits for longer, and is emitted once",
          "[clock][schedules]") {
    const auto clock = std::make_shared<ManualClock>(noon);
    EventBus bus{{.pool = {.threads = 0}, .clock = clock}};
    const Scheduled once = bus.emit_at(noon + 1min, Tick{1});
    clock->set(noon - 1h);
    bus.run_pending();
    CHECK(once.pending());
    clock->set(noon + 1min);
    bus.run_pending();
    clock->set(noon);
    clock->set(noon + 2min);
    bus.run_pending();
    CHECK(numbers_of(bus.history().query<Tick>()) == std::vector{1});
}

}  // namespace

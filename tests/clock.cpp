#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_store.hpp>

#include <chrono>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("the system's clock gives the wall time in nanoseconds", "[clock]") {
    const SystemClock clock;
    const auto before = std::chrono::system_clock::now();
    const TimePoint now = clock.now();
    const auto after = std::chrono::system_clock::now();
    CHECK(now >= std::chrono::time_point_cast<Duration>(before));
    CHECK(now <= std::chrono::time_point_cast<Duration>(after));
}

TEST_CASE("a manual clock stands still until it is told", "[clock]") {
    ManualClock clock;
    CHECK(clock.now() == TimePoint{});
    clock.advance(5s);
    CHECK(clock.now() == TimePoint{5s});
    CHECK(clock.now() == TimePoint{5s});
    clock.advance(1ns);
    CHECK(clock.now() == TimePoint{5s + 1ns});
    clock.advance(-2ns);
    CHECK(clock.now() == TimePoint{5s - 1ns});
    clock.set(TimePoint{1h});
    CHECK(clock.now() == TimePoint{1h});
    CHECK(clock.go_on_to(TimePoint{2h}));
    CHECK(clock.now() == TimePoint{2h});
    CHECK(clock.go_on_to(TimePoint{1h}));
    CHECK(clock.now() == TimePoint{2h});
    CHECK_FALSE(SystemClock().go_on_to(TimePoint{2h}));
    CHECK(ManualClock(TimePoint{7s}).now() == TimePoint{7s});
}

TEST_CASE("a manual clock loses no advance of several threads", "[clock]") {
    ManualClock clock;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) clock.advance(1ms);
            });
        }
    }
    CHECK(clock.now() == TimePoint{4s});
}

TEST_CASE("a manual clock tells its listeners of each move, while they live", "[clock]") {
    struct Listener final : ClockListener {
        void clock_moved() noexcept override { ++moves; }
        int moves = 0;
    };
    ManualClock clock;
    const auto first = std::make_shared<Listener>();
    auto second = std::make_shared<Listener>();
    CHECK(clock.add_listener(first));
    CHECK(clock.add_listener(second));
    clock.advance(1s);
    clock.set(TimePoint{5s});
    second.reset();
    clock.go_on_to(TimePoint{9s});
    CHECK(first->moves == 3);
    CHECK(clock.add_listener(std::make_shared<Listener>()));
    clock.advance(1s);
    CHECK(first->moves == 4);
    CHECK_FALSE(SystemClock().add_listener(first));
}

TEST_CASE("a listener may move the clock, and bring others", "[clock]") {
    struct Listener final : ClockListener {
        void clock_moved() noexcept override {
            if (++moves > 1) return;
            clock->advance(1s);
            clock->add_listener(std::make_shared<Listener>());
        }
        int moves = 0;
        ManualClock* clock = nullptr;
    };
    ManualClock clock;
    const auto listener = std::make_shared<Listener>();
    listener->clock = &clock;
    clock.add_listener(listener);
    clock.advance(1s);
    CHECK(listener->moves == 2);
    CHECK(clock.now() == TimePoint{2s});
}

TEST_CASE("a clock is known by its base, and is not copied", "[clock]") {
    STATIC_REQUIRE(std::is_base_of_v<Clock, SystemClock>);
    STATIC_REQUIRE(std::is_base_of_v<Clock, ManualClock>);
    STATIC_REQUIRE(std::has_virtual_destructor_v<Clock>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<ManualClock>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<ManualClock>);
}

TEST_CASE("a bare pointer to a clock is refused, not taken for something else", "[clock][event_store]") {
    CHECK_FALSE(std::is_constructible_v<EventStore, HistoryOptions, ManualClock*>);
    CHECK(std::is_constructible_v<EventStore, HistoryOptions, std::shared_ptr<ManualClock>>);
}

TEST_CASE("a store reads its clock for events that bring no time", "[clock][event_store]") {
    const auto clock = std::make_shared<ManualClock>(TimePoint{10s});
    EventStore store({}, clock);
    CHECK(record_of(store, ClockTick{}).time() == TimePoint{10s});
    clock->advance(1s);
    CHECK(record_of(store, ClockTick{}).time() == TimePoint{11s});
    CHECK(record_of(store, ClockTick{}, {.time = TimePoint{3s}}).time() == TimePoint{3s});
    CHECK(record_of(store, ClockTick{}, {.time = TimePoint{}}).time() == TimePoint{});
}

TEST_CASE("a store without a clock reads the system's", "[clock][event_store]") {
    EventStore store;
    constexpr Duration tolerance = 500ms;  // it may be read by other means, which are not exact to the nanosecond
    const TimePoint before = SystemClock().now();
    const Record record = record_of(store, ClockTick{});
    const TimePoint after = SystemClock().now();
    CHECK(record.time() >= before - tolerance);
    CHECK(record.time() <= after + tolerance);
}

}  // namespace

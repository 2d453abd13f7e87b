// Events that are emitted later by a thread of the bus's own, and what other threads do meanwhile.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#    include <filesystem>
#    include <iterator>
#endif

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a bus without a clock of its own emits by itself", "[schedules][threads]") {
    EventBus bus;
    std::promise<std::thread::id> emitted_on;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) { emitted_on.set_value(std::this_thread::get_id()); }, {.delivery = Delivery::direct});
    const TimePoint before = bus.now();
    const auto scheduled = bus.emit_after(1ms, Tick{});
    CHECK(get_soon(emitted_on.get_future()) != std::this_thread::get_id());
    CHECK(bus.history().query<Tick>().front().time() > before);
    spin_until([&] { return !scheduled.pending(); });

    std::promise<void> reached;
    const auto at_subscription =
        bus.subscribe<Tock>([&](const Tock&) { reached.set_value(); }, {.delivery = Delivery::direct});
    const TimePoint time = bus.now() + 2ms;
    const auto at = bus.emit_at(time, Tock{});
    get_soon(reached.get_future());
    CHECK(bus.history().query<Tock>().front().time() >= time);
}

TEST_CASE("a repeated event comes again and again", "[schedules][threads]") {
    EventBus bus;
    std::atomic<int> ticks{0};
    const auto counting = bus.subscribe<Tick>([&](const Tick&) { ++ticks; });
    auto every = bus.emit_every(1ms, Tick{});
    spin_until([&] { return ticks >= 5; });
    CHECK(every.cancel());
    const std::uint64_t emitted = every.emitted();
    let_others_run();
    CHECK(every.emitted() == emitted);
    CHECK(bus.history().query<Tick>().size() == emitted);
}

TEST_CASE("what is due earlier wakes the thread that waits for something later", "[schedules][threads]") {
    EventBus bus;
    std::promise<void> emitted;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { emitted.set_value(); }, {.delivery = Delivery::direct});
    const auto late = bus.emit_after(1h, Tock{});
    const auto soon = bus.emit_after(1ms, Tick{});
    get_soon(emitted.get_future());
    CHECK(late.pending());
}

TEST_CASE("a clock that goes at a pace of its own is looked at", "[schedules][threads]") {
    struct Other final : Clock {
        TimePoint now() const noexcept override {
            ++looks;
            return TimePoint(Duration(time.load()));
        }
        std::atomic<Duration::rep> time{0};
        mutable std::atomic<int> looks{0};
    };
    const auto clock = std::make_shared<Other>();
    EventBus bus{{.clock = clock}};
    std::promise<void> emitted;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { emitted.set_value(); }, {.delivery = Delivery::direct});
    const auto scheduled = bus.emit_after(1h, Tick{});
    spin_until([&] { return clock->looks >= 5; });
    CHECK(scheduled.pending());
    clock->time = Duration(2h).count();
    get_soon(emitted.get_future());
}

#if defined(__linux__)
TEST_CASE("a bus that schedules nothing has no thread for it", "[schedules][threads]") {
    const auto threads = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                             std::filesystem::directory_iterator());
    };
    EventBus bus;
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    const auto before = threads();
    bus.emit(Tick{});
    CHECK(threads() == before);
    auto scheduled = bus.emit_after(1h, Tick{});
    CHECK(threads() > before);  // a sanitizer may bring one of its own with it
    bus.shutdown(0s);
    const auto clock = std::make_shared<ManualClock>();
    const auto now = threads();
    EventBus manual{{.clock = clock}};
    const auto other = manual.emit_after(1h, Tick{});
    CHECK(threads() <= now);
}
#endif

TEST_CASE("cancel waits for the emit that another thread makes", "[schedules][threads][promise-5]") {
    EventBus bus;
    std::latch entered(1), release(1);
    std::atomic<bool> returned{false}, cancelled{false};
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            release.wait();
            returned = true;
        },
        {.delivery = Delivery::direct});
    auto scheduled = bus.emit_after(0s, Tick{1});
    entered.wait();
    auto cancelling = start([&] {
        const bool prevented = scheduled.cancel();
        cancelled = true;
        return std::pair(prevented, returned.load());
    });
    let_others_run();
    CHECK_FALSE(cancelled);
    release.count_down();
    CHECK(get_soon(std::move(cancelling)) == std::pair(false, true));
}

TEST_CASE("cancelling a repeated event while it is emitted prevents the next", "[schedules][threads][promise-5]") {
    EventBus bus;
    std::latch entered(1), release(1);
    std::atomic<int> calls{0};
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            if (++calls != 1) return;
            entered.count_down();
            release.wait();
        },
        {.delivery = Delivery::direct});
    auto scheduled = bus.emit_every(1ms, Tick{1});
    entered.wait();
    auto cancelling = start([&] { return scheduled.cancel(); });
    let_others_run();
    release.count_down();
    CHECK(get_soon(std::move(cancelling)));
    const int calls_then = calls;
    CHECK_FALSE(scheduled.pending());
    let_others_run();
    CHECK(calls == calls_then);
}

TEST_CASE("cancel does not wait inside a handler", "[schedules][threads][promise-9]") {
    EventBus bus;
    std::latch entered(1), release(1);
    const auto stuck = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            release.wait();
        },
        {.delivery = Delivery::direct});
    Scheduled scheduled;
    std::optional<bool> result;
    const auto cancelling =
        bus.subscribe<Tock>([&](const Tock&) { result = scheduled.cancel(); }, {.delivery = Delivery::direct});
    scheduled = bus.emit_after(0s, Tick{1});
    entered.wait();
    bus.emit(Tock{});
    CHECK(result == false);
    release.count_down();
}

TEST_CASE("what is cancelled is never emitted, what is not is emitted once", "[schedules][threads][stress]") {
    constexpr std::size_t thread_count = 3, events = 300;
    std::vector<std::atomic<int>> emitted(thread_count * events);
    std::vector<std::atomic<bool>> cancelled(thread_count * events);
    std::atomic<int> wrong{0};
    EventBus bus;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            const auto number = static_cast<std::size_t>(tick.number);
            ++emitted[number];
            if (cancelled[number]) ++wrong;
        },
        {.delivery = Delivery::direct});
    {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < thread_count; ++thread) {
            threads.emplace_back([&, thread] {
                Random random(static_cast<unsigned>(thread));
                std::vector<std::pair<std::size_t, Scheduled>> mine;
                for (std::size_t i = 0; i < events; ++i) {
                    const std::size_t number = thread * events + i;
                    const auto delay = std::chrono::microseconds(random.below(300));
                    mine.emplace_back(number, bus.emit_after(delay, Tick{static_cast<int>(number)}));
                    if (random.one_in(2)) continue;
                    auto& [victim, scheduled] =
                        mine[static_cast<std::size_t>(random.below(static_cast<int>(mine.size())))];
                    if (scheduled.cancel()) cancelled[victim] = true;
                }
                for (auto& each : mine) std::move(each.second).detach();
            });
        }
    }
    spin_until([&] { return bus.stats().schedules.waiting == 0; });
    for (std::size_t i = 0; i < emitted.size(); ++i) wrong += emitted[i] + (cancelled[i] ? 1 : 0) != 1;
    CHECK(wrong == 0);
    const ScheduleStatistics counted = bus.stats().schedules;
    CHECK(counted.emitted + counted.cancelled == emitted.size());
    CHECK(counted.failed == 0);
}

TEST_CASE("a bus can be shut down while it emits by itself", "[schedules][threads][stress]") {
    for (int round = 0; round < 20; ++round) {
        const auto ticks = std::make_shared<std::atomic<int>>(0);
        std::vector<Scheduled> outliving;
        std::uint64_t handled = 0;
        {
            EventBus bus{{.on_error = [](const HandlerError&) {}}};
            bus.subscribe<Tick>([ticks](const Tick&) { ++*ticks; }, {.delivery = Delivery::direct}).detach();
            std::latch begun(2);
            std::jthread scheduling([&] {
                try {
                    for (int i = 0;; ++i) {
                        if (i == 5) begun.count_down();
                        outliving.push_back(bus.emit_every(50us, Tick{i}));
                        bus.emit_after(10us, Tick{i}).detach();
                        outliving.push_back(bus.emit_after(1h, Tock{}));
                        if (outliving.size() > 100) outliving.clear();
                    }
                } catch (const Closed&) {
                    // as it must end
                }
            });
            std::jthread looking([&] {
                begun.count_down();
                static_cast<void>(bus.stats());
            });
            begun.wait();
            looking.join();
            const auto report = bus.shutdown(1s);
            scheduling.join();
            const ScheduleStatistics counted = bus.stats().schedules;
            handled = counted.emitted;
            CHECK(counted.waiting == 0);
            CHECK(counted.not_emitted >= report.not_emitted);
        }
        CHECK(static_cast<std::uint64_t>(*ticks) == handled);
        for (Scheduled& each : outliving) CHECK_FALSE(each.cancel());
    }
}

TEST_CASE("a bus may be destroyed on the thread that emits for it", "[schedules][threads][promise-13]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.on_error = [](const HandlerError&) {}});
    std::promise<void> destroyed;
    bus->subscribe<Tick>(
           [&](const Tick&) {
               bus.reset();
               destroyed.set_value();
           },
           {.delivery = Delivery::direct})
        .detach();
    bus->emit_every(1ms, Tick{}).detach();
    get_soon(destroyed.get_future());
    CHECK(bus == nullptr);
}

TEST_CASE("a shutdown waits for the thread that emits, as long as it may", "[schedules][threads][shutdown]") {
    EventBus bus;
    std::latch entered(1), release(1);
    std::atomic<bool> returned{false};
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            release.wait();
            returned = true;
        },
        {.delivery = Delivery::direct});
    const auto first = bus.emit_after(0s, Tick{});
    entered.wait();
    auto shutting_down = start([&] { return bus.shutdown(patience); });
    let_others_run();
    CHECK(shutting_down.wait_for(0s) == std::future_status::timeout);
    release.count_down();
    get_soon(std::move(shutting_down));
    CHECK(returned);
    CHECK(first.emitted() == 1);
}

TEST_CASE("several threads may move a clock, and nothing is emitted twice", "[schedules][threads][stress]") {
    const auto clock = std::make_shared<ManualClock>();
    EventBus bus{{.clock = clock}};
    std::atomic<int> ticks{0};
    const auto counting = bus.subscribe<Tick>([&](const Tick&) { ++ticks; }, {.delivery = Delivery::direct});
    std::vector<Scheduled> all;
    for (int i = 1; i <= 400; ++i) all.push_back(bus.emit_after(i * 1ms, Tick{i}));
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) clock->advance(1ms);
            });
        }
    }
    CHECK(ticks == 400);
    const auto records = bus.history().query<Tick>();
    for (std::size_t i = 1; i < records.size(); ++i) CHECK(records[i]->number == records[i - 1]->number + 1);
}

}  // namespace

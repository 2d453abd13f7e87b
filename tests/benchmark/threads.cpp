// Emitting what is kept on two threads at once, each pinned to a processor of its own for as long as it emits.
#include "cases.hpp"
#include "combinations.hpp"
#include "event.hpp"
#include "report.hpp"
#include "rounds.hpp"

#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <thread>

namespace hindsight_benchmark {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double near_round_trip = 150;  // ns

// Emits in total, in millions a second; `emit_some` emits that many.
template <class Emit>
double two_threads(double seconds, const Emit& emit_some) {
    constexpr int batch = 64;
    std::atomic<int> ready{0};
    std::atomic<bool> stop{false};
    double rates[2] = {};
    const auto work = [&](int index) {
        pin_to(index);
        emit_some(batch);
        ready.fetch_add(1);
        while (ready.load() != 2) {}
        const auto start = Clock::now();
        std::int64_t emitted = 0;
        for (; !stop.load(std::memory_order_relaxed); emitted += batch) emit_some(batch);
        rates[index] = static_cast<double>(emitted) / std::chrono::duration<double>(Clock::now() - start).count();
    };
    std::thread first(work, 0);
    std::thread second(work, 1);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    first.join();
    second.join();
    return (rates[0] + rates[1]) / 1e6;
}

[[gnu::noinline]] double hindsight_emit(double seconds) {
    hindsight::EventBus bus({.history = {.capacity = usual_history}});
    const auto subscription = bus.subscribe<Event>([](const Event& given) { add_in_thread(given); },
                                                   {.delivery = hindsight::Delivery::direct});
    return two_threads(seconds, [&bus](int count) {
        for (int i = 0; i < count; ++i) bus.emit(event);
    });
}

[[gnu::noinline]] double signals2_with_ring(double seconds) {
    Signals2WithRing combination;
    combination.signal.connect([](const Event& given) { add_in_thread(given); });
    return two_threads(seconds, [&combination](int count) {
        for (int i = 0; i < count; ++i) combination.emit(event);
    });
}

void report_some(const Rounds& rounds, const std::string& which, double target) {
    const bool any = !rounds.round_trips.empty();
    report({.work = fmt::format("the same from 2 threads, round trip {} {:.0f} ns", which, near_round_trip),
            .unit = "M/s",
            .ours = any ? rounds.value(0) : std::numeric_limits<double>::quiet_NaN(),
            .peer_name = "Signals2 + ring",
            .peer = any ? rounds.value(1) : std::numeric_limits<double>::quiet_NaN(),
            .ratio = any ? rounds.ratio(0, 1) : std::numeric_limits<double>::quiet_NaN(),
            .target = at_least(target),
            .note = any ? fmt::format("{} rounds, {}", rounds.round_trips.size(), rounds.round_trip_note())
                        : "no such round"});
}

void emit_and_keep(const Effort& effort) {
    Rounds rounds{.values = {{}, {}}, .round_trips = {}};
    if (has_two_processors()) {
        rounds = in_rounds(effort.rounds + 2, effort.box_seconds,
                           {[&] { return hindsight_emit(2 * effort.seconds); },
                            [&] { return signals2_with_ring(2 * effort.seconds); }});
    }
    report_some(rounds.with_round_trip(0, near_round_trip), "below", 8);
    report_some(rounds.with_round_trip(near_round_trip, std::numeric_limits<double>::infinity()), "from", 1.5);
}

}  // namespace

std::vector<Case> thread_cases() {
    return {{"history.two_threads", emit_and_keep}};
}

}  // namespace hindsight_benchmark

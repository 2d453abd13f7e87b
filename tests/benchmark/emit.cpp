// What an emit costs, next to Boost.Signals2 and to what a user would put together from it: a mutex, a ring and a
// clock. Peers and ours run in one process and in turn; the table shows medians of CPU time.
#include "comparison.hpp"

#include <hindsight/event_bus.hpp>

#include <benchmark/benchmark.h>
#include <boost/circular_buffer.hpp>
#include <boost/signals2/signal.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace {

struct Event {
    static constexpr std::string_view event_name = "benchmark.event";
    std::uint64_t a, b, c, d;
};

constexpr std::size_t history_capacity = 1000;
std::uint64_t sum = 0;

void add(const Event& event) {
    sum += event.a;
}

void signals2(benchmark::State& state) {
    boost::signals2::signal<void(const Event&)> signal;
    for (std::int64_t i = 0; i < state.range(0); ++i) signal.connect([](const Event& event) { add(event); });
    const Event event{1, 2, 3, 4};
    for (auto _ : state) signal(event);
}

void hindsight_direct(benchmark::State& state, std::size_t capacity) {
    hindsight::EventBus bus({.history = {.capacity = capacity}});
    std::vector<hindsight::Subscription> subscriptions;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        subscriptions.push_back(
            bus.subscribe<Event>([](const Event& event) { add(event); }, {.delivery = hindsight::Delivery::direct}));
    }
    const Event event{1, 2, 3, 4};
    for (auto _ : state) bus.emit(event);
}

void hindsight_without_history(benchmark::State& state) {
    hindsight_direct(state, 0);
}

void hindsight_with_history(benchmark::State& state) {
    hindsight_direct(state, history_capacity);
}

void signals2_with_ring(benchmark::State& state) {
    struct Kept {
        std::uint64_t seq;
        std::chrono::system_clock::time_point time;
        Event event;
    };
    boost::signals2::signal<void(const Event&)> signal;
    signal.connect([](const Event& event) { add(event); });
    boost::circular_buffer<Kept> ring(history_capacity);
    std::mutex mutex;
    std::uint64_t seq = 0;
    const Event event{1, 2, 3, 4};
    for (auto _ : state) {
        {
            const std::lock_guard lock(mutex);
            ring.push_back({++seq, std::chrono::system_clock::now(), event});
        }
        signal(event);
    }
}

BENCHMARK(signals2)->Arg(1)->Arg(10);
BENCHMARK(hindsight_without_history)->Arg(1)->Arg(10);
BENCHMARK(signals2_with_ring)->Arg(1);
BENCHMARK(hindsight_with_history)->Arg(1);

}  // namespace

int main(int argc, char** argv) {
    // libstdc++ leaves out atomics in a process that has never had a second thread, which flatters everyone.
    std::thread([] {}).join();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    hindsight_benchmark::Comparison comparison({
        {"emit, no history, 1 direct handler", "hindsight_without_history/1", "signals2/1", 0.40},
        {"emit, no history, 10 direct handlers", "hindsight_without_history/10", "signals2/10", 0.40},
        {"emit + history, 1 direct handler", "hindsight_with_history/1", "signals2_with_ring/1", 0.60},
    });
    benchmark::RunSpecifiedBenchmarks(&comparison);
    comparison.print();
    return 0;
}

// Emitting what is kept, and what many names and patterns that are not meant cost.
#include "cases.hpp"
#include "combinations.hpp"
#include "cpu_time.hpp"
#include "event.hpp"
#include "report.hpp"

#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

namespace hindsight_benchmark {

namespace {

[[nodiscard]] hindsight::Subscription subscribe(hindsight::EventBus& bus) {
    return bus.subscribe<Event>([](const Event& given) { add(given); }, {.delivery = hindsight::Delivery::direct});
}

[[gnu::noinline]] void emit_with(hindsight::EventBus& bus, benchmark::State& state) {
    for (auto _ : state) bus.emit(event);
}

[[gnu::noinline]] void hindsight_emit(benchmark::State& state) {
    hindsight::EventBus bus({.history = {.capacity = usual_history}});
    const auto subscription = subscribe(bus);
    emit_with(bus, state);
}

[[gnu::noinline]] void signals2_with_ring(benchmark::State& state) {
    Signals2WithRing combination;
    combination.signal.connect([](const Event& given) { add(given); });
    for (auto _ : state) combination.emit(event);
}

[[gnu::noinline]] void sigc_with_ring(benchmark::State& state) {
    SigcWithRing combination;
    combination.signal.connect([](const Event& given) { add(given); });
    for (auto _ : state) combination.emit(event);
}

void emit_and_keep(const Effort& effort) {
    const auto times =
        cpu_times({{"ours", hindsight_emit}, {"Signals2", signals2_with_ring}, {"sigc", sigc_with_ring}}, effort);
    const std::string work = "emit + history, 1 direct handler";
    report({.work = work,
            .unit = "ns",
            .ours = times[0],
            .peer_name = "Signals2 + ring",
            .peer = times[1],
            .ratio = times[0] / times[1],
            .target = at_most(0.25)});
    report({.work = work,
            .unit = "ns",
            .ours = times[0],
            .peer_name = "libsigc++ + ring",
            .peer = times[2],
            .ratio = times[0] / times[2],
            .target = at_most(0.45)});
}

void emit_beside_others(const Effort& effort) {
    constexpr int others = 10'000;
    hindsight::EventBus alone;
    const auto of_alone = subscribe(alone);
    hindsight::EventBus crowded;
    const auto of_crowded = subscribe(crowded);
    for (int i = 0; i < others; ++i) crowded.emit(hindsight::NamedEvent{fmt::format("known.n{}", i)});
    std::vector<hindsight::Subscription> patterns;
    for (int i = 0; i < others; ++i) {
        patterns.push_back(crowded.subscribe(fmt::format("other.n{}.*", i), [](const hindsight::Record&) {},
                                             {.delivery = hindsight::Delivery::direct}));
    }
    const auto times = cpu_times({{"ours", [&](benchmark::State& state) { emit_with(crowded, state); }},
                                  {"peer", [&](benchmark::State& state) { emit_with(alone, state); }}},
                                 effort);
    report({.work = "the same beside 10 k known names and 10 k patterns",
            .unit = "ns",
            .ours = times[0],
            .peer_name = "with none",
            .peer = times[1],
            .ratio = times[0] / times[1],
            .target = at_most(1.1)});
}

}  // namespace

std::vector<Case> history_cases() {
    return {{"history.one_thread", emit_and_keep}, {"history.beside_others", emit_beside_others}};
}

}  // namespace hindsight_benchmark

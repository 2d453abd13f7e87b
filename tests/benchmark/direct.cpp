// Direct handlers without history: next to Boost.Signals2, and to a loop over std::function, which is what calling them
// costs without anything else.
#include "cases.hpp"
#include "cpu_time.hpp"
#include "event.hpp"
#include "report.hpp"

#include <hindsight/event_bus.hpp>

#include <boost/signals2/signal.hpp>
#include <fmt/format.h>

#include <functional>

namespace hindsight_benchmark {

namespace {

template <class Bus>
void emit_to(benchmark::State& state, int handlers) {
    Bus bus({.history = {.capacity = 0}});
    std::vector<hindsight::Subscription> subscriptions;
    for (int i = 0; i < handlers; ++i) {
        subscriptions.push_back(bus.template subscribe<Event>([](const Event& given) { add(given); },
                                                              {.delivery = hindsight::Delivery::direct}));
    }
    for (auto _ : state) bus.emit(event);
}

[[gnu::noinline]] void hindsight_emit(benchmark::State& state, int handlers) {
    emit_to<hindsight::EventBus>(state, handlers);
}

[[gnu::noinline]] void hindsight_single_threaded(benchmark::State& state, int handlers) {
    emit_to<hindsight::SingleThreadedBus>(state, handlers);
}

[[gnu::noinline]] void signals2(benchmark::State& state, int handlers) {
    boost::signals2::signal<void(const Event&)> signal;
    for (int i = 0; i < handlers; ++i) signal.connect([](const Event& given) { add(given); });
    for (auto _ : state) signal(event);
}

[[gnu::noinline]] void function_loop(benchmark::State& state, int handlers) {
    std::vector<std::function<void(const Event&)>> functions;
    for (int i = 0; i < handlers; ++i) functions.emplace_back([](const Event& given) { add(given); });
    for (auto _ : state) {
        benchmark::DoNotOptimize(functions.data());
        for (const auto& function : functions) function(event);
    }
}

using Run = void (*)(benchmark::State&, int);

struct Peer {
    std::string name;
    Run run;
    double target;
};

void compare(const std::string& work, Run ours, const Peer& peer, int handlers, const Effort& effort) {
    const auto times = cpu_times({{"ours", [&](benchmark::State& state) { ours(state, handlers); }},
                                  {"peer", [&](benchmark::State& state) { peer.run(state, handlers); }}},
                                 effort);
    report({.work = work,
            .unit = "ns",
            .ours = times[0],
            .peer_name = peer.name,
            .peer = times[1],
            .ratio = times[0] / times[1],
            .target = at_most(peer.target)});
}

Case direct_case(int handlers, const Peer& peer) {
    return {fmt::format("direct.{}", handlers), [=](const Effort& effort) {
                compare(fmt::format("emit, no history, {} direct handler{}", handlers, handlers == 1 ? "" : "s"),
                        hindsight_emit, peer, handlers, effort);
            }};
}

}  // namespace

std::vector<Case> direct_cases() {
    return {
        direct_case(1, {"Signals2", signals2, 0.16}),
        direct_case(10, {"Signals2", signals2, 0.10}),
        direct_case(100, {"function loop", function_loop, 1.2}),
        {"direct.single_threaded",
         [](const Effort& effort) {
             compare("the same on a SingleThreadedBus, 1 direct handler", hindsight_single_threaded,
                     {"function call", function_loop, 2.5}, 1, effort);
         }},
    };
}

}  // namespace hindsight_benchmark

// Subscribing many handlers to one event, and ending them all.
#include "cases.hpp"
#include "event.hpp"
#include "report.hpp"
#include "rounds.hpp"

#include <hindsight/event_bus.hpp>

#include <boost/signals2/signal.hpp>
#include <fmt/format.h>

#include <ctime>

namespace hindsight_benchmark {

namespace {

// Of this thread, in seconds.
double cpu_clock() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// CPU time in nanoseconds for each subscription.
template <class F>
double time_each(std::size_t count, const F& work) {
    const double start = cpu_clock();
    work();
    return (cpu_clock() - start) / static_cast<double>(count) * 1e9;
}

// The destruction of the bus counts, as Signals2 leaves most of what disconnecting has to do to that of the signal.
[[gnu::noinline]] double hindsight_subscribe(std::size_t count, bool emit) {
    return time_each(count, [=] {
        std::vector<hindsight::Subscription> subscriptions;
        subscriptions.reserve(count);
        hindsight::EventBus bus({.history = {.capacity = 0}});
        for (std::size_t i = 0; i < count; ++i) {
            subscriptions.push_back(bus.subscribe<Event>([](const Event& given) { add(given); },
                                                         {.delivery = hindsight::Delivery::direct}));
        }
        if (emit) bus.emit(event);
        for (auto& subscription : subscriptions) subscription.disconnect();
    });
}

[[gnu::noinline]] double signals2_connect(std::size_t count, bool emit) {
    return time_each(count, [=] {
        std::vector<boost::signals2::scoped_connection> connections;
        connections.reserve(count);
        boost::signals2::signal<void(const Event&)> signal;
        for (std::size_t i = 0; i < count; ++i) {
            connections.emplace_back(signal.connect([](const Event& given) { add(given); }));
        }
        if (emit) signal(event);
        for (auto& connection : connections) connection.disconnect();
    });
}

// As many as asked for, unless a hundredth of them shows that they would take much longer than the box.
std::size_t feasible(std::size_t count, bool emit, const Effort& effort) {
    for (std::size_t fewer = count / 100; fewer < count; fewer *= 2) {
        const double seconds = hindsight_subscribe(fewer, emit) * static_cast<double>(fewer) / 1e9;
        if (seconds > effort.box_seconds / 40) return fewer;
    }
    return count;
}

void subscribe_and_disconnect(bool emit, const Effort& effort) {
    constexpr std::size_t wanted = 100'000;
    const std::size_t count = feasible(wanted, emit, effort);
    const auto rounds =
        in_rounds(effort.rounds, effort.box_seconds / 2,
                  {[&] { return hindsight_subscribe(count, emit); }, [&] { return signals2_connect(count, emit); }});
    report({.work = fmt::format("subscribe 100 k{}, disconnect, for each", emit ? ", emit" : ""),
            .unit = "ns",
            .ours = rounds.value(0),
            .peer_name = "Signals2",
            .peer = rounds.value(1),
            .ratio = rounds.ratio(0, 1),
            .target = at_most(2),
            .note = count == wanted ? "" : fmt::format("with {} only: more take too long", count)});
}

}  // namespace

std::vector<Case> subscription_cases() {
    return {
        {"subscribe", [](const Effort& effort) { subscribe_and_disconnect(false, effort); }},
        {"subscribe.emit", [](const Effort& effort) { subscribe_and_disconnect(true, effort); }},
    };
}

}  // namespace hindsight_benchmark

// From the call of emit to the first instruction of a queued handler whose worker has gone to sleep.
#include "cases.hpp"
#include "event.hpp"
#include "report.hpp"
#include "rounds.hpp"

#include <hindsight/event_bus.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace hindsight_benchmark {

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::array quantiles{0.5, 0.99, 0.999};

// The time at which the handler began; 0: it has not.
std::atomic<std::int64_t> began{0};

std::int64_t now() {
    return Clock::now().time_since_epoch().count();
}

// In microseconds; `wake` makes the other thread store now() in `began`.
template <class Wake>
std::vector<double> latencies(int samples, const Wake& wake) {
    constexpr auto until_asleep = std::chrono::microseconds(30);
    std::vector<double> taken;
    for (int i = 0; i < samples; ++i) {
        began.store(0, std::memory_order_relaxed);
        for (const auto start = Clock::now(); Clock::now() - start < until_asleep;) {}
        const std::int64_t start = now();
        wake();
        std::int64_t end = 0;
        while ((end = began.load(std::memory_order_acquire)) == 0) {}
        taken.push_back(static_cast<double>(end - start) / 1e3);
    }
    unpin();
    return taken;
}

// Pinned, the worker has the other processor, and waking that one is most of the time. Else the system places it, in
// some rounds on the emitter's own, which is quicker and is luck: no target for that.
enum class Placed { pinned, by_system };

void place(int processor, Placed placed) {
    if (placed == Placed::pinned) pin_to(processor);
}

[[gnu::noinline]] std::vector<double> hindsight_emit(int samples, Placed placed) {
    place(1, placed);
    hindsight::EventBus bus({.pool = {.threads = 1}});
    const auto subscription = bus.subscribe<Event>([](const Event&) { began.store(now(), std::memory_order_release); });
    bus.emit(event).wait();
    place(0, placed);
    return latencies(samples, [&bus] { bus.emit(event); });
}

[[gnu::noinline]] std::vector<double> asio_post(int samples, Placed placed) {
    place(1, placed);
    asio::thread_pool pool(1);
    place(0, placed);
    auto taken = latencies(samples, [&pool] {
        asio::post(pool, [given = event] {
            began.store(now(), std::memory_order_release);
            add_in_thread(given);
        });
    });
    pool.join();
    return taken;
}

void to_idle_handler(Placed placed, const Effort& effort) {
    const int samples = static_cast<int>(5e4 * effort.seconds);
    // The quantiles of a round, as candidates of their own.
    std::array<Rounds, quantiles.size()> rounds;
    for (Rounds& of_quantile : rounds) of_quantile.values.resize(2);
    const auto measure = [&](std::size_t candidate, const std::vector<double>& taken) {
        for (std::size_t i = 0; i < quantiles.size(); ++i) {
            rounds[i].values[candidate].push_back(quantile(taken, quantiles[i]));
        }
        return 0.0;
    };
    const auto turns = in_rounds(effort.rounds, effort.box_seconds,
                                 {[&] { return measure(0, hindsight_emit(samples, placed)); },
                                  [&] { return measure(1, asio_post(samples, placed)); }});
    const std::array<Target, quantiles.size()> targets{at_most(1.1), at_most(1.3), Target{}};
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
        report({.work = fmt::format("emit to an idle queued handler{}, p{:g}",
                                    placed == Placed::pinned ? ", pinned" : "", 100 * quantiles[i]),
                .unit = "us",
                .ours = rounds[i].value(0),
                .peer_name = "asio::post",
                .peer = rounds[i].value(1),
                .ratio = rounds[i].ratio(0, 1),
                .target = placed == Placed::pinned ? targets[i] : Target{},
                .note = turns.round_trip_note()});
    }
}

}  // namespace

std::vector<Case> latency_cases() {
    return {
        {"queued.latency", [](const Effort& effort) { to_idle_handler(Placed::by_system, effort); }},
        {"queued.latency.pinned", [](const Effort& effort) { to_idle_handler(Placed::pinned, effort); }},
    };
}

}  // namespace hindsight_benchmark

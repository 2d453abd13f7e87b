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

// On the emitter's own processor the worker takes over as soon as it is woken; to wake another processor takes longer
// than all else. Left to itself, the system does now this, now that.
enum class Worker { on_same_processor, on_other };

void start_workers_on(Worker worker) {
    pin_to(worker == Worker::on_same_processor ? 0 : 1);
}

[[gnu::noinline]] std::vector<double> hindsight_emit(int samples, Worker worker) {
    start_workers_on(worker);
    hindsight::EventBus bus({.pool = {.threads = 1}});
    const auto subscription = bus.subscribe<Event>([](const Event&) { began.store(now(), std::memory_order_release); });
    bus.emit(event).wait();
    pin_to(0);
    return latencies(samples, [&bus] { bus.emit(event); });
}

[[gnu::noinline]] std::vector<double> asio_post(int samples, Worker worker) {
    start_workers_on(worker);
    asio::thread_pool pool(1);
    pin_to(0);
    auto taken = latencies(samples, [&pool] {
        asio::post(pool, [given = event] {
            began.store(now(), std::memory_order_release);
            add_in_thread(given);
        });
    });
    pool.join();
    return taken;
}

void to_idle_handler(Worker worker, const Effort& effort) {
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
                                 {[&] { return measure(0, hindsight_emit(samples, worker)); },
                                  [&] { return measure(1, asio_post(samples, worker)); }});
    const std::array<Target, quantiles.size()> targets{at_most(1.1), at_most(1.3), Target{}};
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
        report({.work = fmt::format("emit to an idle queued handler, {} CPU, p{:g}",
                                    worker == Worker::on_other ? "other" : "same", 100 * quantiles[i]),
                .unit = "us",
                .ours = rounds[i].value(0),
                .peer_name = "asio::post",
                .peer = rounds[i].value(1),
                .ratio = rounds[i].ratio(0, 1),
                .target = targets[i],
                .note = turns.round_trip_note()});
    }
}

}  // namespace

std::vector<Case> latency_cases() {
    return {
        {"queued.latency.same", [](const Effort& effort) { to_idle_handler(Worker::on_same_processor, effort); }},
        {"queued.latency.other", [](const Effort& effort) { to_idle_handler(Worker::on_other, effort); }},
    };
}

}  // namespace hindsight_benchmark

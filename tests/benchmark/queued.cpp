// One emitter and queued handlers: events a second from the first emit to the return of the last handler.
#include "cases.hpp"
#include "event.hpp"
#include "report.hpp"
#include "rounds.hpp"

#include <hindsight/event_bus.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

namespace hindsight_benchmark {

// A place for each handler, apart from the others, which it alone writes.
struct alignas(64) Sum {
    std::uint64_t value = 0;
};
extern std::array<Sum, 10> sums;
std::array<Sum, 10> sums;

namespace {

namespace asio = boost::asio;

// One worker has the other processor for itself; more share both with the emitter, as on any pool with one for each.
void place_workers(unsigned workers) {
    if (workers == 1) pin_to(1);
}

void place_emitter(unsigned workers) {
    if (workers == 1) pin_to(0);
}

template <class F>
double millions_a_second(int events, const F& emit_and_wait) {
    const auto start = std::chrono::steady_clock::now();
    emit_and_wait();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    unpin();
    return events / taken.count() / 1e6;
}

[[gnu::noinline]] double hindsight_emit(int events, std::size_t handlers, unsigned workers, std::size_t history) {
    place_workers(workers);
    hindsight::EventBus bus({.history = {.capacity = history}, .pool = {.threads = workers}});
    std::vector<hindsight::Subscription> subscriptions;
    for (std::size_t i = 0; i < handlers; ++i) {
        subscriptions.push_back(bus.subscribe<Event>([i](const Event& given) { sums[i].value += given.a; }));
    }
    // Memory of a history that has once been full is there already.
    for (std::size_t i = 0; i < history; ++i) bus.emit(event);
    bus.emit(event).wait();
    place_emitter(workers);
    return millions_a_second(events, [&] {
        for (int i = 1; i < events; ++i) bus.emit(event);
        bus.emit(event).wait();
    });
}

[[gnu::noinline]] double asio_post(int events, unsigned workers) {
    place_workers(workers);
    asio::thread_pool pool(workers);
    place_emitter(workers);
    return millions_a_second(events, [&] {
        for (int i = 0; i < events; ++i) asio::post(pool, [given = event] { sums[0].value += given.a; });
        pool.join();
    });
}

[[gnu::noinline]] double asio_strands(int events, std::size_t handlers, unsigned workers) {
    place_workers(workers);
    asio::thread_pool pool(workers);
    std::vector<asio::strand<asio::thread_pool::executor_type>> strands;
    for (std::size_t i = 0; i < handlers; ++i) strands.push_back(asio::make_strand(pool));
    place_emitter(workers);
    return millions_a_second(events, [&] {
        for (int n = 0; n < events; ++n) {
            for (std::size_t i = 0; i < handlers; ++i) {
                asio::post(strands[i], [given = event, i] { sums[i].value += given.a; });
            }
        }
        pool.join();
    });
}

void report_ratio(const std::string& work, const Rounds& rounds, std::size_t peer, const std::string& name,
                  double target) {
    report({.work = work,
            .unit = "M/s",
            .ours = rounds.value(0),
            .peer_name = name,
            .peer = rounds.value(peer),
            .ratio = rounds.ratio(0, peer),
            .target = at_least(target),
            .note = rounds.round_trip_note()});
}

void one_handler(const Effort& effort, std::size_t history, double target_of_post) {
    const int events = static_cast<int>(5e6 * effort.seconds);
    const auto rounds = in_rounds(effort.rounds, effort.box_seconds,
                                  {[&] { return hindsight_emit(2 * events, 1, 1, history); },
                                   [&] { return asio_post(events, 1); }, [&] { return asio_strands(events, 1, 1); }});
    const std::string work =
        fmt::format("emit, 1 queued handler, history of {}", history == usual_history ? "1000" : "100 k");
    report_ratio(work, rounds, 1, "asio::post", target_of_post);
    report_ratio(work, rounds, 2, "strand", 4.5);
}

void ten_handlers(const Effort& effort) {
    const int events = static_cast<int>(1e6 * effort.seconds);
    const auto rounds = in_rounds(effort.rounds, effort.box_seconds,
                                  {[&] { return hindsight_emit(2 * events, 10, 2, usual_history); },
                                   [&] { return asio_strands(events, 10, 2); }});
    report_ratio("emit, 10 queued handlers, history of 1000", rounds, 1, "10 strands", 6);
}

}  // namespace

std::vector<Case> queued_cases() {
    return {
        {"queued.1", [](const Effort& effort) { one_handler(effort, usual_history, 3); }},
        {"queued.1.long_history", [](const Effort& effort) { one_handler(effort, 100'000, 1.8); }},
        {"queued.10", ten_handlers},
    };
}

}  // namespace hindsight_benchmark

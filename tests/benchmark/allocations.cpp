// How many allocations an emit makes in steady state. A program of its own, for its counters slow down allocation.
#include "counted_allocations.hpp"
#include "event.hpp"
#include "report.hpp"

#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace hindsight_benchmark;

namespace {

std::atomic<int> handled{0};

struct Bus {
    const char* work;
    std::size_t history;
    int direct;
    int queued;
    double target;
};

void count(const Bus& given) {
    constexpr int events = 200'000;
    hindsight::EventBus bus({.history = {.capacity = given.history}});
    std::vector<hindsight::Subscription> subscriptions;
    for (int i = 0; i < given.direct; ++i) {
        subscriptions.push_back(
            bus.subscribe<Event>([](const Event& e) { add(e); }, {.delivery = hindsight::Delivery::direct}));
    }
    for (int i = 0; i < given.queued; ++i) {
        subscriptions.push_back(bus.subscribe<Event>([](const Event&) { handled.fetch_add(1); }));
    }
    // Waiting on a receipt would allocate.
    const auto emit_some = [&] {
        handled = 0;
        for (int i = 0; i < events; ++i) bus.emit(event);
        while (handled != events * given.queued) std::this_thread::yield();
    };
    emit_some();
    const std::uint64_t before = allocations();
    emit_some();
    const std::uint64_t made = allocations() - before;
    report({.work = fmt::format("allocations per emit, {}", given.work),
            .unit = "",
            .ours = static_cast<double>(made) / events,
            .target = at_most(given.target)});
}

}  // namespace

int main() {
    std::thread([] {}).join();
    count({"no history, 10 direct handlers", 0, 10, 0, 0});
    count({"history, 1 direct handler", usual_history, 1, 0, 1});
    count({"history of 100 k, 1 direct handler", 100'000, 1, 0, 1});
    count({"no history, 1 queued handler", 0, 0, 1, 1});
    count({"history, 1 queued handler", usual_history, 0, 1, 1});
    count({"history, 10 queued handlers", usual_history, 0, 10, 1});
    return 0;
}

// Work of a single thread to count instructions of: instructions NAME COUNT does it COUNT times. instructions.py runs
// it under Valgrind.
#include "event.hpp"
#include "readings.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight_benchmark;

namespace {

// How often the library's own clock asks the system depends on the time that passes, which is long under Valgrind.
std::shared_ptr<hindsight::Clock> still_clock() {
    static const auto clock = std::make_shared<hindsight::ManualClock>();
    return clock;
}

hindsight::SubscribeOptions direct() {
    return {.delivery = hindsight::Delivery::direct};
}

template <class Bus = hindsight::EventBus>
void emit(std::size_t history, int handlers, int count) {
    Bus bus({.history = {.capacity = history}, .clock = still_clock()});
    std::vector<hindsight::Subscription> subscriptions;
    for (int i = 0; i < handlers; ++i) {
        subscriptions.push_back(bus.template subscribe<Event>([](const Event& given) { add(given); }, direct()));
    }
    for (int i = 0; i < count; ++i) bus.emit(event);
}

void emit_in_scope(int count) {
    hindsight::EventBus bus({.history = {.capacity = 100}, .clock = still_clock()});
    const hindsight::Scope scope = bus.scope("session");
    const auto subscription = scope.subscribe<Event>([](const Event& given) { add(given); }, direct());
    for (int i = 0; i < count; ++i) scope.emit(event);
}

void emit_with_source_and_key(int count) {
    hindsight::EventBus bus({.history = {.capacity = 100}, .clock = still_clock()});
    const auto subscription = bus.subscribe<Event>([](const Event& given) { add(given); }, direct());
    for (int i = 0; i < count; ++i) {
        const auto text = static_cast<std::size_t>(i % 16);
        bus.emit(event, {.source = reading_sources()[text], .key = reading_keys()[text]});
    }
}

void emit_named_at_run_time(int count) {
    hindsight::EventBus bus({.history = {.capacity = 100}, .clock = still_clock()});
    const auto subscription = bus.subscribe(
        "other.*", [](const hindsight::Record& r) { sum += r.seq(); }, direct());
    for (int i = 0; i < count; ++i) bus.emit(Reading{static_cast<std::uint32_t>(1 + i % 16), 0, 1, 2, 3});
}

// Without a pool, so that all of it happens on this thread.
void emit_queued(int handlers, int count) {
    hindsight::EventBus bus({.history = {.capacity = 100}, .pool = {.threads = 0}, .clock = still_clock()});
    std::vector<hindsight::Subscription> subscriptions;
    for (int i = 0; i < handlers; ++i) {
        subscriptions.push_back(bus.subscribe<Event>([](const Event& given) { add(given); }));
    }
    for (int i = 1; i <= count; ++i) {
        bus.emit(event);
        if (i % 100 == 0) bus.run_pending();
    }
}

// The same in batches of 100.
void emit_many_queued(int handlers, int count) {
    hindsight::EventBus bus({.history = {.capacity = 100}, .pool = {.threads = 0}, .clock = still_clock()});
    std::vector<hindsight::Subscription> subscriptions;
    for (int i = 0; i < handlers; ++i) {
        subscriptions.push_back(bus.subscribe<Event>([](const Event& given) { add(given); }));
    }
    const std::vector<Event> events(100, event);
    for (int i = 0; i < count; i += 100) {
        bus.emit_many(events);
        bus.run_pending();
    }
}

void query(const hindsight::Query& asked, int count) {
    const auto store = store_of_readings(10'000, 50, still_clock());
    for (int i = 0; i < count; ++i) sum += store->query(asked).size();
}

void subscribe_and_disconnect(bool emit, int count) {
    hindsight::EventBus bus({.history = {.capacity = 0}, .clock = still_clock()});
    const auto other = bus.subscribe<Event>([](const Event& given) { add(given); }, direct());
    for (int i = 0; i < count; ++i) {
        const auto subscription = bus.subscribe<Event>([](const Event& given) { add(given); }, direct());
        if (emit) bus.emit(event);
    }
}

const std::vector<std::pair<std::string_view, std::function<void(int)>>> works{
    {"emit, no history, 1 direct handler", [](int count) { emit(0, 1, count); }},
    {"emit, no history, 10 direct handlers", [](int count) { emit(0, 10, count); }},
    {"emit, no history, 1 direct handler, SingleThreadedBus",
     [](int count) { emit<hindsight::SingleThreadedBus>(0, 1, count); }},
    {"emit + history, no handler", [](int count) { emit(100, 0, count); }},
    {"emit + history, 1 direct handler", [](int count) { emit(100, 1, count); }},
    {"emit + history, 1 direct handler, in a scope", emit_in_scope},
    {"emit + history, 1 direct handler, source and key", emit_with_source_and_key},
    {"emit + history, 1 pattern, name known at run time", emit_named_at_run_time},
    {"emit + history, 1 queued handler, run_pending", [](int count) { emit_queued(1, count); }},
    {"emit + history, 10 queued handlers, run_pending", [](int count) { emit_queued(10, count); }},
    {"emit_many of 100 + history, 1 queued handler, run_pending", [](int count) { emit_many_queued(1, count); }},
    {"emit_many of 100 + history, 10 queued handlers, run_pending", [](int count) { emit_many_queued(10, count); }},
    {"newest 100 of one type out of 10 k", [](int count) { query({.name = reading_names()[1], .limit = 100}, count); }},
    {"newest 100 of one source out of 10 k",
     [](int count) { query({.source = reading_sources()[1], .limit = 100}, count); }},
    {"newest 100 out of 10 k", [](int count) { query({.limit = 100}, count); }},
    {"subscribe, disconnect", [](int count) { subscribe_and_disconnect(false, count); }},
    {"subscribe, emit, disconnect", [](int count) { subscribe_and_disconnect(true, count); }},
};

#ifdef __clang__
constexpr std::string_view compiler = "clang " __clang_version__;
#else
constexpr std::string_view compiler = "g++ " __VERSION__;
#endif

}  // namespace

int main(int argc, char** argv) {
    if (argc == 1) {
        fmt::print("{}\n", compiler);
        for (const auto& work : works) fmt::print("{}\n", work.first);
        return 0;
    }
    const std::string_view name(argv[1]);
    const std::string_view text(argc > 2 ? argv[2] : "");
    int count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    std::thread([] {}).join();
    for (const auto& [known, work] : works) {
        if (known != name) continue;
        work(count);
        return 0;
    }
    fmt::print(stderr, "no such work: {}\n", name);
    return 2;
}

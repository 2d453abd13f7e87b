// A bus with a subscription that joins late, for tests of replay.
#pragma once

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace hindsight::test {

/// A bus whose handlers run when they are told to, and what one of them is told: "3" for the event with seq 3,
/// "[1-2:0]" for a hole.
struct Joined {
    explicit Joined(HistoryOptions history = {})
        : bus({.history = std::move(history),
               .pool = {.threads = 0},
               .clock = clock,
               .on_error = [](const HandlerError&) {}}) {}

    void emit(int count, const char* name = "test.some") {
        for (int i = 0; i < count; ++i) bus.emit(NamedEvent{name});
    }
    SubscribeOptions with(Replay replay) {
        SubscribeOptions options;
        options.replay = replay;
        options.on_lagged = [this](const Lagged& hole) {
            add("[" + std::to_string(hole.first) + "-" + std::to_string(hole.last) + ":" + std::to_string(hole.missed) +
                "]");
        };
        return options;
    }
    void join(const char* pattern, SubscribeOptions options) {
        subscription = bus.subscribe(
            pattern, [this](const Record& record) { add(record); }, std::move(options));
    }
    void join(Replay replay) { join("*", with(replay)); }
    template <class E>
    void join_typed(SubscribeOptions options) {
        subscription = bus.subscribe<E>([this](const E&, const Record& record) { add(record); }, std::move(options));
    }
    void add(const Record& record) { add(std::to_string(record.seq())); }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }
    std::string hear() {
        bus.run_pending();
        return std::exchange(log, {});
    }

    std::string log;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(TimePoint{std::chrono::seconds(1000)});
    EventBus bus;
    Subscription subscription;
};

}  // namespace hindsight::test

// Events for tests: one of each kind that the library treats differently.
#pragma once

#include <hindsight/event.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hindsight::test {

/// What most events are like: owns memory, has no key.
struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task_id;
    double seconds = 0;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr Severity event_severity = Severity::error;
    std::string task_id;
};

/// Trivially copyable; its name is derived.
struct ClockTick {
    int number = 0;
};

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    int beat = 0;
    static constexpr auto event_key = &Heartbeat::agent;
};

/// As large as it says.
struct Blob {
    static constexpr std::string_view event_name = "data.blob";
    std::size_t event_payload_bytes() const { return bytes; }
    std::size_t bytes = 0;
};

struct MoveOnly {
    std::unique_ptr<int> value;
};

struct alignas(128) OverAligned {
    int number = 0;
};

enum class Alarm : std::uint8_t { fire, flood };

/// Does something at a chosen step of being emitted, for instance throw; counts the objects that live.
struct Fragile {
    static constexpr std::string_view event_name = "fragile.thing";
    enum class Step : std::uint8_t { none, key, size, copy, destroy };

    explicit Fragile(Step step_ = Step::none, void (*act_)() = &fail) : step(step_), act(act_) { ++alive; }
    Fragile(const Fragile& other) : step(other.step), act(other.act) {
        at(Step::copy);
        ++alive;
    }
    Fragile& operator=(const Fragile&) = delete;
    ~Fragile() {
        --alive;
        at(Step::destroy);
    }

    std::string_view event_key() const {
        at(Step::key);
        return "the key";
    }
    std::size_t event_payload_bytes() const {
        at(Step::size);
        return sizeof(Fragile);
    }

    [[noreturn]] static void fail() { throw std::runtime_error("fragile"); }
    void at(Step here) const {
        if (here == step) act();
    }

    static inline std::atomic<int> alive{0};
    Step step;
    void (*act)();
};

}  // namespace hindsight::test

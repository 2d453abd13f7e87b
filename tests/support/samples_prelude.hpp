// What the code samples of the documentation may use without saying so.
#pragma once

#include <hindsight/hindsight.hpp>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds = 0;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string task;
};

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    static constexpr auto event_key = &Heartbeat::agent;
};

struct Price {
    static constexpr std::string_view event_name = "market.price";
    std::string item;
    int cents = 0;
    static constexpr auto event_key = &Price::item;
};

extern hindsight::EventBus bus;  // samples are compiled, not linked

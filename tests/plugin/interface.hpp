// What the host and the plug-in both know.
#pragma once

#include <hindsight/event_bus.hpp>

#include <string>
#include <string_view>

namespace plugin_test {

struct TaskDone {
    static constexpr std::string_view event_name = "task.done";
    std::string task;
};

struct Ready {
    static constexpr std::string_view event_name = "plugin.ready";
    int version = 0;
};

/// What the plug-in can do, as it exports it.
struct Plugin {
    void (*emit)(hindsight::EventBus& bus, int version);
    void (*emit_guest)(hindsight::EventBus& bus);  // of a type that only the plug-in knows
    void (*emit_conflicting)(hindsight::EventBus& bus);
    void (*emit_unnamed)(hindsight::EventBus& bus);
    hindsight::Subscription (*subscribe)(hindsight::EventBus& bus, std::string& log,
                                         hindsight::SubscribeOptions options);
    hindsight::EventBus* (*default_bus)();
    std::size_t (*retire)(hindsight::EventBus& bus);  // all types whose events it emits
};

}  // namespace plugin_test

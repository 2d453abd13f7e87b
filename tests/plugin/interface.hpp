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

/// A base of events that only the plug-in may know.
struct Finding {
    using event_base = Finding;
    Finding() = default;
    Finding(const Finding&) = default;
    Finding& operator=(const Finding&) = default;
    virtual ~Finding() = default;
    virtual std::string text() const = 0;
};

/// What the plug-in can do, as it exports it.
struct Plugin {
    void (*emit)(hindsight::EventBus& bus, int version);
    void (*emit_guest)(hindsight::EventBus& bus);    // of a type that only the plug-in knows
    void (*emit_finding)(hindsight::EventBus& bus);  // of such a type, too
    void (*emit_conflicting)(hindsight::EventBus& bus);
    void (*emit_unnamed)(hindsight::EventBus& bus);
    hindsight::Subscription (*subscribe)(hindsight::EventBus& bus, std::string& log,
                                         hindsight::SubscribeOptions options);
    hindsight::EventBus* (*default_bus)();
    std::size_t (*retire)(hindsight::EventBus& bus);  // all types whose events it emits
};

}  // namespace plugin_test

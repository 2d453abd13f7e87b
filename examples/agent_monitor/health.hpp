// Health: knows when each agent was last heard of, and warns about those that have gone silent.
#pragma once

#include "console.hpp"

#include <hindsight/event_bus.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace agent_monitor {

/// Thread-safe.
class Health {
public:
    Health(hindsight::EventBus& bus, Console& console);

    /// Looks for agents that have been silent for too long. To be called now and then.
    void check(hindsight::TimePoint now);

    /// How many times the agent was too long silent.
    unsigned silences(std::string_view agent) const;

private:
    struct Agent {
        hindsight::TimePoint last_heard;
        unsigned silences = 0;
        bool is_silent = false;
        bool has_ended = false;
    };

    void hear(const hindsight::Record& heartbeat);
    void note_end(const hindsight::Record& termination);

    Console& console_;
    mutable std::mutex mutex_;
    std::map<std::string, Agent, std::less<>> agents_;
    hindsight::Subscription heartbeats_;  // last: the handlers use the others
    hindsight::Subscription ends_;
};

}  // namespace agent_monitor

// Sticky facts: the newest event of each key is its current state, for whoever asks and whoever joins late.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct AgentStatus {
    static constexpr std::string_view event_name = "agent.status";
    std::string agent;
    std::string status;
    static constexpr auto event_key = &AgentStatus::agent;
};

int main() {
    hindsight::EventBus bus({.history = {.policies = {{"agent.status", hindsight::LastPerKey{.max_keys = 100}}}}});
    bus.emit(AgentStatus{"resizer", "starting"});
    bus.emit(AgentStatus{"uploader", "starting"});
    bus.emit(AgentStatus{"resizer", "busy"});

    if (const auto status = bus.latest<AgentStatus>("resizer")) {
        fmt::print("{} is {}, since event {}\n", (*status)->agent, (*status)->status, status->seq());
    }
    fmt::print("the printer is {}\n", bus.latest<AgentStatus>("printer") ? "known" : "unknown");

    // The state of all agents, as of one moment.
    for (const auto& status : bus.history().query<AgentStatus>())
        fmt::print("  {}: {}\n", status->agent, status->status);

    // The state first, then what changes it.
    const auto board = bus.subscribe<AgentStatus>(
        [](const AgentStatus& status) { fmt::print("board: {} {}\n", status.agent, status.status); },
        {.delivery = hindsight::Delivery::direct, .replay = hindsight::Replay::last_per_key()});
    bus.emit(AgentStatus{"uploader", "done"});
}

// Answers the logging of agents' errors in the documents about a unified event bus for agents and about the inside of
// their orchestrator: each error goes to a log outside, and starts what corrects it; history is asked for the last
// ones. <hindsight/spdlog.hpp> has this ready-made for spdlog.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::Delivery;

struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string agent;
    std::string message;
};

struct AgentRestarted {
    static constexpr std::string_view event_name = "agent.restarted";
    std::string agent;
};

/// Stands for whatever logs outside of the process.
struct ExternalLog {
    void error(const std::string& line) { fmt::print("log: {}\n", line); }
};

int main() {
    hindsight::EventBus bus;
    ExternalLog log;
    const auto logging = bus.subscribe<AgentError>(
        [&](const AgentError& error) { log.error("agent " + error.agent + ": " + error.message); },
        {.name = "error log", .delivery = Delivery::direct});
    const auto correcting = bus.subscribe<AgentError>(
        [&](const AgentError& error) { bus.emit(AgentRestarted{error.agent}); }, {.delivery = Delivery::direct});

    bus.emit(AgentError{"reader", "no such file"}, {.source = "reader"});
    bus.emit(AgentError{"writer", "disk full"}, {.source = "writer"});

    fmt::print("the last errors:\n");
    for (const auto& error : bus.history().query<AgentError>({.limit = 50})) {
        fmt::print("  {}: {}\n", error->agent, error->message);
    }
    for (const auto& restarted : bus.history().query<AgentRestarted>()) {
        fmt::print("{} was restarted because of #{}\n", restarted->agent, restarted.cause());
    }
}

// Answers the analytics and reporting of the document about a unified event bus for agents: a report of what agents
// did, made of history alone.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
    std::string agent;
};

struct AgentTerminated {
    static constexpr std::string_view event_name = "agent.terminated";
    std::string agent;
};

struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string agent;
};

struct DiskFull {
    static constexpr std::string_view event_name = "disk.full";
};

void print_report(const hindsight::EventStore& history) {
    // One query, so that the numbers are of one moment.
    int started = 0, completed = 0, errors = 0;
    for (const hindsight::Record& record : history.query({.category = "agent", .limit = 1000})) {
        if (record.get_if<AgentStarted>() != nullptr) ++started;
        if (record.get_if<AgentTerminated>() != nullptr) ++completed;
        if (record.severity() >= hindsight::Severity::error) ++errors;
    }
    fmt::print("report: {} started, {} completed, {} errors\n", started, completed, errors);
}

int main() {
    hindsight::EventBus bus;
    for (const char* agent : {"reader", "writer", "indexer"}) bus.emit(AgentStarted{agent});
    bus.emit(AgentError{"writer"});
    bus.emit(DiskFull{});
    bus.emit(AgentTerminated{"reader"});
    print_report(bus.history());
    bus.emit(AgentTerminated{"indexer"});
    print_report(bus.history());
}

// Answers what the documents about a unified event bus for agents and about the inside of their orchestrator configure
// of history: its capacity, the size of payloads, the last two heartbeats of each agent, a policy of one's own that
// keeps the errors of critical agents, and policies that are changed while the program runs.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <string_view>

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    static constexpr auto event_key = &Heartbeat::agent;
};

struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    std::string agent;
    std::string message;
    std::size_t event_payload_bytes() const { return sizeof *this + message.size(); }
};

struct TaskDone {
    static constexpr std::string_view event_name = "task.done";
    int number;
};

struct CriticalAgentsOnly {
    bool should_store(const hindsight::Record& record) const {
        const auto* const error = record.get_if<AgentError>();
        return error == nullptr || error->agent == "critical_agent_1" || error->agent == "critical_agent_2";
    }
    std::size_t capacity() const { return 100; }
};

void print(const hindsight::EventBus& bus) {
    const auto count = [&](std::string_view name) { return bus.history().query({.name = std::string(name)}).size(); };
    fmt::print("{} heartbeats, {} errors, {} tasks\n", count("agent.heartbeat"), count("agent.error"),
               count("task.done"));
}

int main() {
    hindsight::EventBus bus{{.history = {.capacity = 10,
                                         .max_payload_bytes = 1000,
                                         .policies = {{"agent.heartbeat", hindsight::BucketRing{.capacity = 2}},
                                                      {"agent.error", CriticalAgentsOnly{}}}}}};
    for (int i = 0; i < 100; ++i) {
        bus.emit(Heartbeat{i % 2 == 0 ? "reader" : "writer"});
        bus.emit(TaskDone{i});
    }
    bus.emit(AgentError{"critical_agent_1", "out of memory"});
    bus.emit(AgentError{"reader", "no such file"});
    bus.emit(AgentError{"critical_agent_2", std::string(5000, '!')});
    print(bus);
    const bool truncated = bus.history().query({.name = "agent.error"}).back().truncated();
    fmt::print("what is too large is kept without its payload: {}\n", truncated);

    // What is kept already moves to its new place, as far as there is room.
    bus.history().set_policies({{"agent.heartbeat", hindsight::BucketRing{.capacity = 1}}});
    print(bus);
}

// Answers the first examples of the document about a unified event bus for agents: registering a callback, emitting,
// and querying history by category and name; and its translation of what agents say into events.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
    std::string agent;
};

struct AgentReady {
    static constexpr std::string_view event_name = "agent.ready";
    std::string agent;
};

struct AgentTerminated {
    static constexpr std::string_view event_name = "agent.terminated";
    std::string agent;
};

/// What an agent sends, as it comes out of its channel.
struct Message {
    std::string agent;
    std::string says;
};

/// One place knows how messages become events; the bus records and delivers them.
void route(hindsight::EventBus& bus, const Message& message) {
    if (message.says == "ready") {
        bus.emit(AgentReady{message.agent}, {.source = message.agent});
    } else if (message.says == "bye") {
        bus.emit(AgentTerminated{message.agent}, {.source = message.agent});
    } else {
        fmt::print("  nobody knows what \"{}\" means\n", message.says);
    }
}

int main() {
    hindsight::EventBus bus;
    // The handler gets the event, and the record with everything about it: seq, time, source.
    const auto started = bus.subscribe<AgentStarted>([](const AgentStarted& event, const hindsight::Record& record) {
        fmt::print("#{}: agent '{}' started\n", record.seq(), event.agent);
    });

    bus.emit(AgentStarted{"worker1"}, {.source = "orchestrator"}).wait();
    for (const Message& message : {Message{"worker1", "ready"}, {"worker1", "hello?"}, {"worker1", "bye"}}) {
        route(bus, message);
    }
    bus.emit(AgentStarted{"worker2"}, {.source = "orchestrator"}).wait();

    fmt::print("all of agents:\n");
    for (const auto& record : bus.history().query({.category = "agent", .limit = 50})) {
        fmt::print("  #{} {} of {}\n", record.seq(), record.name(), record.source());
    }
    const auto newest = bus.history().query<AgentStarted>({.limit = 1});
    fmt::print("the newest that started: {}\n", newest.front()->agent);
}

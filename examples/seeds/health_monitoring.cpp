// Answers the health monitoring of the document about a unified event bus for agents, and the agent monitoring of the
// one about publishing and subscribing by patterns: who has not sent a heartbeat for too long is found, and recovered.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using hindsight::EventBus;
using namespace std::chrono_literals;

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    std::string status;
    static constexpr auto event_key = &Heartbeat::agent;
};

struct AgentFailed {
    static constexpr std::string_view event_name = "agent.failed";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string agent;
};

struct AgentRecovered {
    static constexpr std::string_view event_name = "agent.recovered";
    std::string agent;
};

void check_health(EventBus& bus, const std::string& agent) {
    const auto last = bus.latest<Heartbeat>(agent);
    if (!last) {
        fmt::print("no heartbeat from {} yet\n", agent);
    } else if (bus.now() - last->time() > 30s) {
        bus.emit(AgentFailed{agent});
    } else {
        fmt::print("{} is {}\n", agent, (*last)->status);
    }
}

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    // Heartbeats are many: the last two of each agent are kept, apart from everything else.
    EventBus bus{
        {.history = {.policies = {{"agent.heartbeat", hindsight::BucketRing{.capacity = 2}}}}, .clock = clock}};
    const auto recovery = bus.subscribe<AgentFailed>(
        [&](const AgentFailed& failed) {
            fmt::print("ALERT: {} failed\n", failed.agent);
            bus.emit(AgentRecovered{failed.agent});
        },
        {.delivery = hindsight::Delivery::direct});

    for (int i = 0; i < 5; ++i) {
        bus.emit(Heartbeat{"reader", "running"});
        if (i < 2) bus.emit(Heartbeat{"writer", "running"});
        clock->advance(10s);
    }
    for (const char* agent : {"reader", "writer", "indexer"}) check_health(bus, agent);

    fmt::print("{} heartbeats kept of 7\n", bus.history().query<Heartbeat>().size());
    const auto recovered = bus.history().query<AgentRecovered>().front();
    fmt::print("{} recovered, since #{} told of its failure\n", recovered->agent, recovered.cause());
}

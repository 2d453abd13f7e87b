// Answers the examples of the document about the inside of an orchestrator that start agents in the order of their
// dependencies and add more while the program runs: an agent starts when those that it needs have said that they are
// ready, and who comes late is given what was said before.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::EventBus;

struct AgentReady {
    static constexpr std::string_view event_name = "agent.ready";
    std::string agent;
    static constexpr auto event_key = &AgentReady::agent;
};

/// Starts once all agents that it needs are ready.
class Agent {
public:
    Agent(EventBus& bus, std::string name, std::set<std::string> needs)
        : bus_(bus), name_(std::move(name)), needs_(std::move(needs)) {
        if (needs_.empty()) {
            start();
            return;
        }
        readiness_ = bus.subscribe<AgentReady>(
            [this](const AgentReady& event) { meet(event.agent); },
            {.delivery = hindsight::Delivery::direct, .replay = hindsight::Replay::last_per_key()});
    }

private:
    void meet(const std::string& agent) {
        if (needs_.erase(agent) != 0 && needs_.empty()) start();
    }
    void start() {
        fmt::print("{} starts\n", name_);
        bus_.emit(AgentReady{name_}, {.source = name_});
    }

    EventBus& bus_;
    std::string name_;
    std::set<std::string> needs_;
    hindsight::Subscription readiness_;
};

int main() {
    EventBus bus;
    std::vector<std::unique_ptr<Agent>> agents;
    const auto add = [&](const char* name, std::set<std::string> needs) {
        agents.push_back(std::make_unique<Agent>(bus, name, std::move(needs)));
    };
    add("api", {"db", "cache"});
    add("cache", {"db"});
    add("db", {});
    fmt::print("more agents, later:\n");
    add("worker_1", {"api"});
    add("worker_2", {"api"});
}

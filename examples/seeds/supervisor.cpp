// Answers the integration of an agent supervisor in the document about publishing and subscribing by patterns: every
// ten seconds the supervisor tells the health of all agents as events. The loop that sleeps is a schedule here.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

using hindsight::Delivery;
using hindsight::EventBus;
using namespace std::chrono_literals;

struct CheckHealth {
    static constexpr std::string_view event_name = "supervisor.check";
};

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    std::string status;
};

struct AgentFailed {
    static constexpr std::string_view event_name = "agent.failed";
    std::string agent;
    std::string error;
};

class Supervisor {
public:
    explicit Supervisor(EventBus& bus)
        : bus_(bus),
          checking_(bus.subscribe<CheckHealth>([this](const CheckHealth&) { tell(); }, {.delivery = Delivery::direct})),
          timer_(bus.emit_every(10s, CheckHealth{})) {}

    std::map<std::string, std::string> status;

private:
    void tell() {
        for (const auto& [agent, text] : status) {
            bus_.emit(Heartbeat{agent, text}, {.source = "supervisor"});
            if (text == "failed") bus_.emit(AgentFailed{agent, "no answer"}, {.source = "supervisor"});
        }
    }

    EventBus& bus_;
    hindsight::Subscription checking_;
    hindsight::Scheduled timer_;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();  // so that nobody has to wait here
    EventBus bus{{.clock = clock}};
    const auto alerts = bus.subscribe("agent.*",
                                      [&](const hindsight::Record& record) {
                                          const auto* const failed = record.get_if<AgentFailed>();
                                          if (failed != nullptr)
                                              fmt::print("ALERT: {}: {}\n", failed->agent, failed->error);
                                      },
                                      {.delivery = Delivery::direct});

    Supervisor supervisor(bus);
    supervisor.status = {{"reader", "running"}, {"writer", "running"}};
    for (int second = 0; second < 30; ++second) {
        if (second == 15) supervisor.status["writer"] = "failed";
        clock->advance(1s);
    }
    fmt::print("{} heartbeats in half a minute\n", bus.history().query<Heartbeat>().size());
    fmt::print("writer was {}\n", bus.history().query<Heartbeat>({.limit = 1}).front()->status);
}

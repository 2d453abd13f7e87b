// Enumerated events: for code that thinks in kinds of events, and still wants names, patterns and typed data.
#include <hindsight/hindsight.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <fmt/core.h>

#include <string>

namespace orchestra {

enum class OrchestratorEvent { agent_started, agent_stopped, task_step_done };
BOOST_DESCRIBE_ENUM(OrchestratorEvent, agent_started, agent_stopped, task_step_done)

struct Agent {
    std::string name;
    int restarts = 0;
};
BOOST_DESCRIBE_STRUCT(Agent, (), (name, restarts))

}  // namespace orchestra

template <>
struct hindsight::EventTraits<orchestra::OrchestratorEvent>
    : hindsight::EnumeratedEvents<orchestra::OrchestratorEvent> {};

using hindsight::EnumeratedEvent;
using hindsight::Record;
using orchestra::Agent;
using orchestra::OrchestratorEvent;

int main() {
    // What an enumerator is called is known when the program is compiled.
    static_assert(hindsight::event_name(OrchestratorEvent::agent_started) == "agent.started");

    hindsight::EventBus bus;
    const hindsight::SubscribeOptions direct{.delivery = hindsight::Delivery::direct};
    const auto starts = bus.subscribe<Agent>(
        OrchestratorEvent::agent_started,
        [](const Agent& agent) { fmt::print("{} has started, restart {}\n", agent.name, agent.restarts); }, direct);
    const auto steps = bus.subscribe(
        OrchestratorEvent::task_step_done, [](const Record& r) { fmt::print("a step of {}\n", r.source()); }, direct);
    const auto all = bus.subscribe(
        "agent.*",
        [](const Record& r) {
            switch (hindsight::kind_of<OrchestratorEvent>(r).value()) {
            case OrchestratorEvent::agent_started:
                fmt::print("  one more agent\n");
                break;
            case OrchestratorEvent::agent_stopped:
                fmt::print("  one agent less\n");
                break;
            case OrchestratorEvent::task_step_done:
                break;
            }
        },
        direct);

    bus.emit(EnumeratedEvent{OrchestratorEvent::agent_started, Agent{"worker_1", 2}});  // with data
    bus.emit(OrchestratorEvent::task_step_done, {.source = "worker_1"});                // without
    bus.emit(OrchestratorEvent::agent_stopped, {.source = "worker_1"});

    try {
        bus.emit(static_cast<OrchestratorEvent>(42));
    } catch (const hindsight::InvalidName& error) {
        fmt::print("refused: {}\n", error.what());
    }
    for (const Record& r : bus.history().query({.category = "agent"})) fmt::print("{}: {}\n", r.seq(), r.name());
}

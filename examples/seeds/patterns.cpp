// Answers the pattern subscriptions and the filters of the document about publishing and subscribing by patterns, and
// the failure monitor of the one about event-driven coordination: by name, by "task.*", everything, and only what is
// critical.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::Delivery;
using hindsight::Record;

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string task;
    std::string priority;
};

struct AgentHeartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
};

int main() {
    hindsight::EventBus bus;
    const auto print_as = [](std::string_view who) {
        return [who](const Record& record) { fmt::print("  {} gets {}\n", who, record.name()); };
    };
    const hindsight::SubscribeOptions direct{.delivery = Delivery::direct};
    const auto one = bus.subscribe("task.failed", print_as("task.failed"), direct);
    const auto tasks = bus.subscribe("task.*", print_as("task.*"), direct);
    const auto all = bus.subscribe("*", print_as("*"), direct);

    // A filter spares the subscription the event; it looks at the event's own type, or at what each record has.
    const auto critical = hindsight::where<TaskFailed>([](const TaskFailed& e) { return e.priority == "critical"; });
    const auto alarm = bus.subscribe<TaskFailed>([](const TaskFailed& e) { fmt::print("  CRITICAL: {}\n", e.task); },
                                                 {.delivery = Delivery::direct, .filter = critical});
    const auto bad = bus.subscribe("*", print_as("the failure monitor"),
                                   {.delivery = Delivery::direct, .filter = [](const Record& record) {
                                        return record.severity() >= hindsight::Severity::error;
                                    }});

    fmt::print("a task starts\n");
    bus.emit(TaskStarted{"t1"});
    fmt::print("it fails\n");
    bus.emit(TaskFailed{"t1", "low"});
    fmt::print("another one fails that matters\n");
    bus.emit(TaskFailed{"t2", "critical"});
    fmt::print("something else\n");
    bus.emit(AgentHeartbeat{});
}

// Answers the workflow engines in the documents about an event bus on top of signals and about publishing and
// subscribing by patterns: the engine tells when it enters a node, and when a task starts, completes or fails; it knows
// no listeners.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::EventBus;

struct NodeEntered {
    static constexpr std::string_view event_name = "workflow.node_entered";
    std::string node;
};

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    int result;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string task;
    std::string error;
};

class WorkflowEngine {
public:
    WorkflowEngine(EventBus& bus, std::string workflow) : bus_(bus), workflow_(std::move(workflow)) {}

    void execute_node(const std::string& node, const std::function<int()>& work) {
        const hindsight::EmitOptions options{.source = workflow_};
        // What follows names the node's event as its cause, so history can show what belongs to it.
        const auto entered = bus_.emit(NodeEntered{node}, options);
        const hindsight::EmitOptions inside{.source = workflow_, .cause = entered.seq};
        bus_.emit(TaskStarted{node}, inside);
        try {
            bus_.emit(TaskCompleted{node, work()}, inside);
        } catch (const std::exception& error) {
            bus_.emit(TaskFailed{node, error.what()}, inside);
        }
    }

private:
    EventBus& bus_;
    std::string workflow_;
};

int main() {
    EventBus bus;
    WorkflowEngine engine(bus, "workflow_1");
    engine.execute_node("fetch", [] { return 42; });
    engine.execute_node("parse", []() -> int { throw std::runtime_error("no digits"); });

    for (const auto& node : bus.history().query<NodeEntered>({.source = "workflow_1"})) {
        bus.history().trace(node.seq()).walk([](const hindsight::CauseTree::Entry& each) {
            fmt::print("{:{}}#{} {}\n", "", 2 * each.depth, each.seq, each.record.name());
        });
    }
    const auto failed = bus.history().query<TaskFailed>().front();
    fmt::print("{}: {}\n", failed->task, failed->error);
}

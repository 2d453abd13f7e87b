// Answers the global bus and the task completion workflow of the document about publishing and subscribing by patterns:
// log all events of tasks, alert on critical failures, count; on the one bus that a whole process shares.
#include <hindsight/default_bus.hpp>
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::default_bus;
using hindsight::Delivery;
using hindsight::Record;

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    std::string task;
    bool critical;
    std::string reason;
};

int main() {
    const hindsight::SubscribeOptions direct{.delivery = Delivery::direct};
    const auto logging = default_bus().subscribe(
        "task.*",
        [](const Record& record) { fmt::print("[{}] {}: {}\n", record.seq(), record.name(), record.source()); },
        direct);
    const auto alerting = default_bus().subscribe<TaskFailed>(
        [](const TaskFailed& event) {
            if (event.critical) fmt::print("ALERT: critical task failed: {}\n", event.reason);
        },
        direct);
    double total = 0;
    const auto counting = default_bus().subscribe<TaskCompleted>(
        [&](const TaskCompleted& event) {
            total += event.seconds;
            fmt::print("task completed in {} s\n", event.seconds);
        },
        direct);

    default_bus().emit(TaskStarted{"t1"}, {.source = "workflow_1"});
    default_bus().emit(TaskCompleted{"t1", 5.2}, {.source = "workflow_1"});
    default_bus().emit(TaskStarted{"t2"}, {.source = "workflow_2"});
    default_bus().emit(TaskFailed{"t2", true, "no network"}, {.source = "workflow_2"});
    fmt::print("{} s in total\n", total);
}

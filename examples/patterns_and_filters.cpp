// Which events a handler is for: a type, a name, a pattern, a filter.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::Record;
using hindsight::Severity;

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr Severity event_severity = Severity::error;
    std::string task;
};

int main() {
    hindsight::EventBus bus;

    // Direct handlers run inside emit, in the order of subscribing, so this program always prints the same.
    const auto direct = hindsight::Delivery::direct;
    const auto print_as = [](std::string_view label) {
        return [label](const Record& record) { fmt::print("  {:<16} gets {}\n", label, record.name()); };
    };

    auto by_type = bus.subscribe<TaskCompleted>(print_as("TaskCompleted"), {.delivery = direct});
    auto by_name = bus.subscribe("disk.full", print_as("disk.full"), {.delivery = direct});
    auto all_tasks = bus.subscribe("task.*", print_as("task.*"), {.delivery = direct});
    auto failures = bus.subscribe("*.failed", print_as("*.failed"), {.delivery = direct});

    // A filter on the event's own type, and one on what every record has.
    const auto is_slow = hindsight::where<TaskCompleted>([](const TaskCompleted& task) { return task.seconds > 1; });
    auto slow = bus.subscribe<TaskCompleted>(print_as("slow tasks"), {.delivery = direct, .filter = is_slow});
    const auto is_bad = [](const Record& record) { return record.severity() >= Severity::warning; };
    auto bad = bus.subscribe("*", print_as("warnings"), {.delivery = direct, .filter = is_bad});

    fmt::print("a slow task\n");
    bus.emit(TaskCompleted{"resize", 5.2});
    fmt::print("a quick task\n");
    bus.emit(TaskCompleted{"upload", 0.7});
    fmt::print("a failed task\n");
    bus.emit(TaskFailed{"resize"});
    fmt::print("a name without a type of its own\n");
    bus.emit(hindsight::NamedEvent{"disk.full"}, {.severity = Severity::warning});
}

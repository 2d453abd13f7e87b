// Answers the test in the document about publishing and subscribing by patterns: a test collects the events that come
// and looks at them. On a bus without threads nothing has to be waited for.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
};

int failures = 0;

void check(bool holds, std::string_view what) {
    fmt::print("{}: {}\n", holds ? "ok" : "FAILED", what);
    if (!holds) ++failures;
}

void test_task_completion() {
    hindsight::SingleThreadedBus bus;
    std::vector<hindsight::Record> events;
    const auto collecting = bus.subscribe("task.completed", [&](const auto& record) { events.push_back(record); });

    bus.emit(TaskCompleted{"t1"}, {.source = "test"});
    check(events.empty(), "queued handlers run when the test says so");
    check(bus.run_pending() == 1, "one was called");
    check(events.size() == 1 && events[0].as<TaskCompleted>().task == "t1", "it was given the event");
    check(events[0].source() == "test", "and its source");
}

int main() {
    test_task_completion();
    return failures;
}

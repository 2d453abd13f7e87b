// One event, one handler, and a look back.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds;
};

int main() {
    hindsight::EventBus bus;
    auto printing = bus.subscribe<TaskCompleted>([](const TaskCompleted& e) { fmt::print("{} is done\n", e.task); });

    bus.emit(TaskCompleted{"resize", 5.2}, {.source = "worker_1"});
    bus.emit(TaskCompleted{"upload", 0.7}, {.source = "worker_2"}).wait();  // until the handler has returned

    for (const auto& e : bus.history().query<TaskCompleted>({.source = "worker_1"})) {
        fmt::print("event {}: {} took {} s\n", e.seq(), e->task, e->seconds);
    }
}

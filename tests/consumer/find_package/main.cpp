#include <hindsight/hindsight.hpp>

#include <string>
#include <string_view>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task_id;
    double seconds = 0;
};

int main() {
    hindsight::EventBus bus{{.history = {.capacity = 10}}};

    double total = 0;
    auto subscription = bus.subscribe<TaskCompleted>([&total](const TaskCompleted& task) { total += task.seconds; },
                                                     {.delivery = hindsight::Delivery::direct});

    const hindsight::Receipt receipt = bus.emit(TaskCompleted{"t1", 5.25}, {.source = "workflow_1"});
    bus.emit(TaskCompleted{"t2", 0.5}, {.source = "workflow_2"});

    int found = 0;
    for (const hindsight::Record& record : bus.history().query({.pattern = "task.*", .source = "workflow_1"})) {
        const auto* task = record.get_if<TaskCompleted>();
        if (task != nullptr && task->task_id == "t1") ++found;
    }
    return receipt.seq == 1 && receipt.matched == 1 && total == 5.75 && found == 1 ? 0 : 1;
}

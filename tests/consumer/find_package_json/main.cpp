#include <hindsight/hindsight.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/read_json_lines.hpp>

#include <boost/describe/class.hpp>

#include <sstream>
#include <string>
#include <string_view>
#include <utility>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task_id;
    double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(TaskCompleted, (), (task_id, seconds))

int main() {
    hindsight::EventBus bus;
    hindsight::accept_json<TaskCompleted>(bus);
    double total = 0;
    auto subscription = bus.subscribe<TaskCompleted>([&total](const TaskCompleted& task) { total += task.seconds; },
                                                     {.delivery = hindsight::Delivery::direct});
    bus.emit(TaskCompleted{"t1", 5.25});
    bus.emit(hindsight::JsonEvent{"task.completed", {{"task_id", "t2"}, {"seconds", 0.5}}});

    std::stringstream file;
    hindsight::write_json_lines(file, bus.history().query());
    hindsight::JsonLines lines = hindsight::read_json_lines<TaskCompleted>(file);
    hindsight::EventStore store;
    store.restore(std::move(lines.records));
    return total == 5.75 && lines.refused_count == 0 && store.query<TaskCompleted>().size() == 2 ? 0 : 1;
}

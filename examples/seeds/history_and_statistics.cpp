// Answers the analysis of history and the statistics of the document about publishing and subscribing by patterns:
// events of the last minute, of a pattern, of a source, the last few, those that a condition selects; what was emitted,
// who subscribes to what; clearing both.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using hindsight::Record;
using namespace std::chrono_literals;

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    std::string task;
    std::string priority;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::EventBus bus{{.clock = clock}};
    const auto tasks = bus.subscribe("task.*", [](const Record&) {});
    const auto also_tasks = bus.subscribe("task.*", [](const Record&) {});
    const auto agents = bus.subscribe("agent.*", [](const Record&) {});

    for (int i = 0; i < 6; ++i) {
        const std::string source = i % 2 == 0 ? "workflow_1" : "workflow_2";
        bus.emit(TaskStarted{fmt::format("t{}", i)}, {.source = source});
        if (i % 3 == 0) bus.emit(TaskFailed{fmt::format("t{}", i), i == 0 ? "low" : "critical"}, {.source = source});
        clock->advance(20s);
    }

    auto& history = bus.history();
    fmt::print("{} in history\n", history.query().size());
    fmt::print("{} in the last minute\n", history.query({.since = bus.now() - 1min}).size());
    fmt::print("{} failures\n", history.query({.pattern = "*.failed"}).size());
    fmt::print("{} from workflow_1\n", history.query({.source = "workflow_1"}).size());
    fmt::print("the last one: {}\n", history.query<TaskStarted>({.limit = 1}).front()->task);
    const auto critical = hindsight::where<TaskFailed>([](const TaskFailed& e) { return e.priority == "critical"; });
    fmt::print("critical: {}\n", history.query<TaskFailed>({.where = critical}).front()->task);

    const auto stats = bus.stats();
    fmt::print("emitted: {}, subscriptions: {}\n", stats.emitted, stats.subscriptions.size());
    for (const auto& [name, of_name] : stats.by_name) fmt::print("  {}: {}\n", name, of_name.emitted);
    fmt::print("of task.*: {}, of agent.*: {}\n", bus.subscription_count("task.*"), bus.subscription_count("agent.*"));

    history.clear();
    bus.reset_stats();
    fmt::print("afterwards: {} in history, {} emitted\n", history.query().size(), bus.stats().emitted);
}

// Answers the modification synchronizer of the document about event-driven coordination: when a task has ended an agent
// may edit the graph of tasks, and nobody proceeds while such a modification is pending.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

using hindsight::EventBus;

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    std::string task;
};

struct ConstellationModified {
    static constexpr std::string_view event_name = "constellation.modified";
    std::string on_task;
    std::string change;
};

/// A direct observer: a modification is pending before the emit of the task's end returns, so nobody can slip through.
/// The agent, on another thread, may have made it even before this was told of the task; so ends are counted, not kept.
class ModificationSynchronizer {
public:
    using Events = hindsight::EventList<TaskCompleted, TaskFailed, ConstellationModified>;

    explicit ModificationSynchronizer(EventBus& bus)
        : attached_(bus.attach(*this, {.delivery = hindsight::Delivery::direct})) {}

    void on_event(const TaskCompleted& event) { count(event.task, +1); }
    void on_event(const TaskFailed& event) { count(event.task, +1); }
    void on_event(const ConstellationModified& event) { count(event.on_task, -1); }

    /// Blocks while a modification is pending.
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return pending_.empty(); });
    }

private:
    void count(const std::string& task, int change) {
        const std::lock_guard lock(mutex_);
        if ((pending_[task] += change) == 0) pending_.erase(task);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, int> pending_;
    hindsight::Subscription attached_;
};

int main() {
    EventBus bus;
    ModificationSynchronizer synchronizer(bus);
    // The agent thinks about each task that has ended, on the pool, and tells what it has changed.
    const auto agent = bus.subscribe("task.*", [&](const hindsight::Record& record) {
        const auto* const failed = record.get_if<TaskFailed>();
        const std::string task = failed != nullptr ? failed->task : record.as<TaskCompleted>().task;
        fmt::print("agent: {} has ended, editing\n", task);
        bus.emit(ConstellationModified{task, failed != nullptr ? "retry it elsewhere" : "nothing to do"});
    });

    bus.emit(TaskCompleted{"scan"});
    synchronizer.wait();
    fmt::print("orchestrator: the next task\n");
    bus.emit(TaskCompleted{"merge"});
    bus.emit(TaskFailed{"upload"});
    synchronizer.wait();
    fmt::print("orchestrator: all modifications are made\n");
    for (const auto& change : bus.history().query<ConstellationModified>()) {
        fmt::print("  after {}: {}\n", change->on_task, change->change);
    }
}

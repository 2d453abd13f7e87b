// Answers the orchestrator that publishes events around each task, and the views of its task graph that follow them, in
// the document about event-driven coordination: neither knows the other.
#include <hindsight/hindsight.hpp>
#include <hindsight/replaying.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using hindsight::EventBus;

struct ConstellationStarted {
    static constexpr std::string_view event_name = "constellation.started";
    std::vector<std::string> tasks;
};

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    std::vector<std::string> newly_ready;
};

/// Runs tasks once all that they depend on are done, and tells of it.
class Orchestrator {
public:
    explicit Orchestrator(EventBus& bus) : bus_(bus) {}

    void add(const std::string& task, const std::set<std::string>& after) { waits_for_[task] = after; }

    void run() {
        ConstellationStarted started;
        std::vector<std::string> ready;
        for (const auto& [task, after] : waits_for_) {
            started.tasks.push_back(task);
            if (after.empty()) ready.push_back(task);
        }
        bus_.emit(started, {.source = "orchestrator"});
        for (std::size_t i = 0; i < ready.size(); ++i) {
            const std::string task = ready[i];
            bus_.emit(TaskStarted{task}, {.source = "orchestrator"});
            TaskCompleted completed{task, {}};
            for (auto& [other, after] : waits_for_) {
                if (after.erase(task) != 0 && after.empty()) completed.newly_ready.push_back(other);
            }
            ready.insert(ready.end(), completed.newly_ready.begin(), completed.newly_ready.end());
            bus_.emit(completed, {.source = "orchestrator"});
        }
    }

private:
    EventBus& bus_;
    std::map<std::string, std::set<std::string>> waits_for_;
};

/// Draws the state of all tasks as one line.
class TaskGraphView {
public:
    using Events = hindsight::EventList<ConstellationStarted, TaskStarted, TaskCompleted>;

    void on_event(const ConstellationStarted& event) {
        for (const std::string& task : event.tasks) state_[task] = ' ';
        draw();
    }
    void on_event(const TaskStarted& event) {
        state_[event.task] = '>';
        draw();
    }
    void on_event(const TaskCompleted& event) {
        state_[event.task] = 'x';
        for (const std::string& task : event.newly_ready) state_[task] = '.';
        draw();
    }

private:
    void draw() const {
        for (const auto& [task, state] : state_) fmt::print("[{}] {}  ", state, task);
        fmt::print("\n");
    }

    std::map<std::string, char> state_;
};

int main() {
    EventBus bus;
    TaskGraphView view;
    const auto attached = bus.attach(view);
    Orchestrator orchestrator(bus);
    orchestrator.add("scan", {});
    orchestrator.add("merge", {"scan"});
    orchestrator.add("upload", {"merge", "scan"});
    orchestrator.run();
    bus.shutdown(std::chrono::seconds(5));

    // One who comes later sees the same, from history.
    EventBus later;
    TaskGraphView late;
    const auto following = later.attach(late, {.delivery = hindsight::Delivery::direct});
    fmt::print("once more, from the recording:\n");
    hindsight::replay(bus.history().query({.name = "task.completed"}), later);
}

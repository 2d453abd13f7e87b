// Answers the observers of the document about event-driven coordination: a collector of metrics, and one with the
// average time of tasks. There `on_event` gets everything and looks at the type; here it is overloaded.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds;
};

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    std::string task;
};

struct ConstellationCompleted {
    static constexpr std::string_view event_name = "constellation.completed";
    int total_tasks;
};

/// One thread at a time calls it, in the order of the events, so it needs no lock.
class MetricsCollector {
public:
    using Events = hindsight::EventList<TaskCompleted, TaskFailed, ConstellationCompleted>;

    void on_event(const TaskCompleted& event) {
        times_.push_back(event.seconds);
        fmt::print("task {} completed in {:.2f} s\n", event.task, event.seconds);
    }
    void on_event(const TaskFailed&) { ++failed_; }
    void on_event(const ConstellationCompleted& event) {
        double sum = 0;
        for (const double seconds : times_) sum += seconds;
        const double average = times_.empty() ? 0 : sum / static_cast<double>(times_.size());
        fmt::print("constellation of {} completed: {} failed, {:.2f} s a task\n", event.total_tasks, failed_, average);
    }

private:
    std::vector<double> times_;
    int failed_ = 0;
};

int main() {
    hindsight::EventBus bus;
    MetricsCollector metrics;
    const auto attached = bus.attach(metrics);
    bus.emit(TaskCompleted{"scan", 1.5});
    bus.emit(TaskCompleted{"merge", 2.25});
    bus.emit(TaskFailed{"upload"});
    bus.emit(ConstellationCompleted{3}).wait();
}

// Observers: objects that handle several types of events, as one subscription with one mailbox.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

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
};

/// One thread at a time calls it, in the order of the events: it needs no lock.
class Progress {
public:
    using Events = hindsight::EventList<TaskStarted, TaskCompleted, TaskFailed>;

    explicit Progress(hindsight::EventBus& bus) : attached_(bus.attach(*this)) {}

    void on_event(const TaskStarted& event) { running_[event.task] = true; }
    void on_event(const TaskCompleted& event) {
        running_.erase(event.task);
        fmt::print("{} took {} s, {} still running\n", event.task, event.seconds, running_.size());
    }
    void on_event(const TaskFailed& event) {
        running_.erase(event.task);
        throw std::runtime_error("no plan for the failure of " + event.task);
    }

private:
    std::map<std::string, bool> running_;
    hindsight::Subscription attached_;  // the last member: it ends first, and waits for what runs
};

/// Sees everything.
struct Journal {
    void on_event(const hindsight::Record& record) { fmt::print("  [{}] {}\n", record.seq(), record.name()); }
};

void print_failure(const hindsight::HandlerError& failure) {
    try {
        std::rethrow_exception(failure.error);
    } catch (const std::exception& error) {
        fmt::print("failed: {}\n", error.what());
    }
}

int main() {
    hindsight::EventBus bus({.on_error = print_failure});
    {
        const Progress progress(bus);
        bus.emit(TaskStarted{"resize"});
        bus.emit(TaskStarted{"upload"});
        bus.emit(TaskFailed{"upload"}).wait();  // this overload fails; the others are called all the same
        bus.emit(TaskCompleted{"resize", 5.2}).wait();
    }

    // A journal that is shared is tracked: once it is gone, it is not called any more.
    auto journal = std::make_shared<Journal>();
    const auto of_failures = bus.attach<TaskFailed>(journal);
    const auto of_everything = bus.attach(journal);
    fmt::print("attached twice, one subscription: {}\n", of_failures.id() == of_everything.id());
    bus.emit(TaskStarted{"archive"}).wait();
    bus.emit(TaskFailed{"backup"}).wait();
    journal.reset();
    bus.emit(TaskStarted{"cleanup"}).wait();
    bus.shutdown(5s);
}

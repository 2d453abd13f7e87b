// Answers the basic use in the documents about an event bus on top of signals and about publishing and subscribing by
// patterns: subscribe, emit with a source, unsubscribe; where those have a token or an id, there is a handle here.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct StreamStarted {
    static constexpr std::string_view event_name = "stream.started";
    std::string stream;
    std::string provider;
};

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    std::string result;
};

int main() {
    hindsight::EventBus bus;
    auto subscription = bus.subscribe<StreamStarted>(
        [](const StreamStarted& event) { fmt::print("stream started: {} of {}\n", event.stream, event.provider); });
    // By its name an event can be handled without knowing its type.
    const auto by_name = bus.subscribe("task.completed", [](const hindsight::Record& record) {
        const auto& task = record.as<TaskCompleted>();
        fmt::print("task completed: {}\nresult: {}\n", task.task, task.result);
    });

    const auto receipt = bus.emit(StreamStarted{"stream1", "anthropic"});
    receipt.wait();
    fmt::print("it was event {}\n", receipt.seq);
    bus.emit(TaskCompleted{"t1", "success"}, {.source = "workflow_1"}).wait();

    // When this has returned the handler does not run, will not run again, and all that it held is gone. A handle that
    // goes out of scope does the same.
    fmt::print("unsubscribed: {}\n", subscription.disconnect());
    bus.emit(StreamStarted{"stream2", "anthropic"}).wait();
    fmt::print("a second time: {}\n", subscription.connected() ? "connected" : "nothing to do");
}

// Answers the safe subscription of the document about an event bus on top of signals, and the isolation of errors of
// the one about event-driven coordination. There a wrapper catches what a handler throws and publishes it; here every
// subscription is safe: the others are called, and the failure is an event that names the original.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

using hindsight::HandlerError;

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
};

std::string text_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    }
}

int main() {
    // Without `on_error` failures would also be printed to stderr, ever more seldom.
    hindsight::EventBus bus{{.on_error = [](const HandlerError&) {}}};
    constexpr auto direct = hindsight::Delivery::direct;
    const auto drawing =
        bus.subscribe<TaskCompleted>([](const TaskCompleted&) { throw std::runtime_error("no screen to draw on"); },
                                     {.name = "drawing", .delivery = direct, .priority = 1});
    const auto synchronizing = bus.subscribe<TaskCompleted>(
        [](const TaskCompleted& event) { fmt::print("{} is done, says the other\n", event.task); },
        {.delivery = direct});
    const auto failures = bus.subscribe<HandlerError>(
        [](const HandlerError& failure) {
            fmt::print("{} failed at #{} {}: {}\n", failure.handler, failure.record.seq(),
                       failure.record.as<TaskCompleted>().task, text_of(failure.error));
        },
        {.delivery = direct});

    bus.emit(TaskCompleted{"resize"});
    bus.emit(TaskCompleted{"upload"});
    fmt::print("{} failures in history, {} of {} calls failed\n", bus.history().query<HandlerError>().size(),
               drawing.stats().failed, drawing.stats().delivered);
}

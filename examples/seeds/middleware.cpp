// Answers the middleware of the document about an event bus on top of signals: it adds a readable time to the metadata
// of each event, and is removed again.
#include <hindsight/hindsight.hpp>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

struct TaskStarted {
    static constexpr std::string_view event_name = "task.started";
    std::string task;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>(
        hindsight::TimePoint(std::chrono::sys_days(std::chrono::year(2026) / 11 / 30)));
    hindsight::EventBus bus{{.clock = clock}};
    const auto printing = bus.subscribe("*", [](const hindsight::Record& record) {
        fmt::print("{} at {}\n", record.name(), record.metadata("iso_time").value_or("a time that nobody wrote down"));
    });

    auto timestamps = bus.use([&](hindsight::DraftView& draft) {
        const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(bus.now());
        draft.set_metadata("iso_time", fmt::format("{:%FT%TZ}", fmt::gmtime(seconds.time_since_epoch().count())));
    });
    bus.emit(TaskStarted{"resize"}).wait();
    clock->advance(std::chrono::minutes(90));
    bus.emit(TaskStarted{"upload"}).wait();

    timestamps.disconnect();
    bus.emit(TaskStarted{"archive"}).wait();
}

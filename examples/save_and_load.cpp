// A bus's history in a file, and the file queried like a live history.
#include <hindsight/hindsight.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/read_json_lines.hpp>

#include <boost/describe.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task;
    double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(TaskCompleted, (), (task, seconds))

void save(const std::filesystem::path& path) {
    hindsight::EventBus bus;
    bus.emit(hindsight::NamedEvent{"worker.started"}, {.source = "worker_1", .metadata = {{"host", "a"}}});
    bus.emit(TaskCompleted{"resize", 5.2}, {.source = "worker_1"});
    bus.emit(TaskCompleted{"upload", 0.7}, {.source = "worker_2", .severity = hindsight::Severity::warning});

    std::ofstream file(path);
    hindsight::write_json_lines(file, bus.history().query());
    file << "this line is damaged\n";
}

int main() {
    const std::filesystem::path path = "history.jsonl";
    save(path);

    std::ifstream file(path);
    hindsight::JsonLines lines = hindsight::read_json_lines<TaskCompleted>(file);
    for (const hindsight::RefusedLine& refused : lines.refused) {
        fmt::print("line {} is refused: {}\n", refused.line, refused.reason);
    }

    hindsight::EventStore store({.capacity = 1000});
    store.restore(std::move(lines.records));
    for (const auto& done : store.query<TaskCompleted>({.source = "worker_1"})) {
        fmt::print("event {}: {} took {} s\n", done.seq(), done->task, done->seconds);
    }
    for (const hindsight::Record& record : store.query({.min_severity = hindsight::Severity::warning})) {
        fmt::print("event {}: a warning of {}\n", record.seq(), record.source());
    }
    for (const hindsight::Record& record : store.query({.category = "worker"})) {
        fmt::print("event {}: {} on host {}\n", record.seq(), record.name(), record.metadata("host").value_or("?"));
    }
    file.close();
    std::filesystem::remove(path);
}

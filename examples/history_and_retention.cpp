// What is remembered, for how long, and how to ask for it.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

using hindsight::Record;

struct Heartbeat {
    static constexpr std::string_view event_name = "agent.heartbeat";
    std::string agent;
    int beat;
    static constexpr auto event_key = &Heartbeat::agent;  // what a bucket is counted by
};

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    int number;
};

int main() {
    hindsight::EventBus bus{{.history = {.capacity = 5,
                                         .policies = {{"agent.heartbeat", hindsight::BucketRing{.capacity = 2}},
                                                      {"debug.*", hindsight::KeepNone{}}}}}};
    for (int i = 1; i <= 10; ++i) {
        bus.emit(Heartbeat{"agent_1", i});
        bus.emit(Heartbeat{"agent_2", i});
        bus.emit(TaskCompleted{i}, {.source = i % 2 == 0 ? "even" : "odd"});
        bus.emit(hindsight::NamedEvent{"debug.tick"});
    }

    const hindsight::EventStore& history = bus.history();
    fmt::print("{} events emitted, {} remembered\n", history.last_seq(), history.size());
    for (const Record& record : history.query()) fmt::print("  #{:<2} {}\n", record.seq(), record.name());

    fmt::print("the last heartbeats of agent_2\n");
    for (const auto& heartbeat : history.query<Heartbeat>({.key = "agent_2"})) fmt::print("  {}\n", heartbeat->beat);

    fmt::print("the newest two odd tasks\n");
    for (const auto& task : history.query<TaskCompleted>({.source = "odd", .limit = 2}))
        fmt::print("  {}\n", task->number);

    fmt::print("all tasks, in pages of two\n");
    hindsight::Query page{.name = "task.completed", .limit = 2, .take = hindsight::Take::oldest};
    for (auto records = history.query(page); !records.empty(); records = history.query(page)) {
        fmt::print("  a page of {}\n", records.size());
        page.after_seq = records.back().seq();
    }

    fmt::print("what became of them, by policy\n");
    for (const auto& policy : history.stats().policies) {
        fmt::print("  {:<16} stored {:<2}  evicted {:<2}  refused {}\n",
                   policy.pattern.empty() ? "(other)" : policy.pattern, policy.stored, policy.evicted, policy.refused);
    }
}

// Events that are emitted later: deadlines that are called off in time, and a heartbeat. The clock is moved by hand, so
// the hours pass at once; without a clock of its own a bus does all this by itself, in real time.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

struct JobStarted {
    static constexpr std::string_view event_name = "job.started";
    std::string job;
};

struct JobFinished {
    static constexpr std::string_view event_name = "job.finished";
    std::string job;
};

struct JobTimedOut {
    static constexpr std::string_view event_name = "job.timed_out";
    std::string job;
};

struct Heartbeat {};  // "heartbeat"

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::SingleThreadedBus bus{{.clock = clock}};
    std::map<std::string, hindsight::Scheduled> deadlines;

    auto starting = bus.subscribe<JobStarted>(
        [&](const JobStarted& e) { deadlines[e.job] = bus.emit_after(1h, JobTimedOut{e.job}); });
    auto finishing = bus.subscribe<JobFinished>([&](const JobFinished& e) {
        fmt::print("{} is done; its deadline is {}\n", e.job, deadlines[e.job].cancel() ? "called off" : "over");
    });
    auto late = bus.subscribe<JobTimedOut>([](const JobTimedOut& e, const hindsight::Record& record) {
        fmt::print("{} has timed out; it was started by event {}\n", e.job, record.cause());
    });

    auto beating = bus.emit_every(30min, Heartbeat{});
    bus.emit(JobStarted{"backup"});
    bus.emit(JobStarted{"index"});
    for (const auto step : {20min, 25min, 25min}) {
        bus.run_pending();
        clock->advance(step);
        bus.run_pending();
        if (clock->now().time_since_epoch() == 20min) bus.emit(JobFinished{"index"});
    }
    clock->advance(3h);  // nobody made up for heartbeats that nobody could have sent
    bus.run_pending();
    fmt::print("{} heartbeats, {} skipped\n", beating.emitted(), beating.skipped());

    bus.emit_after(24h, JobStarted{"backup"}).detach();
    for (const auto& [name, events] : bus.shutdown(0s).by_schedule) fmt::print("not emitted: {} {}\n", events, name);
}

// A fleet of agents reads a directory tree; everything that they say goes over an event bus, to handlers that add up,
// warn and log, and into the history that the report is made from.
#include "console.hpp"
#include "error_log.hpp"
#include "file_walk.hpp"
#include "fleet.hpp"
#include "health.hpp"
#include "json_file.hpp"
#include "options.hpp"
#include "report.hpp"
#include "totals.hpp"
#include "trace_file.hpp"

#include <hindsight/event_bus.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace agent_monitor {

namespace {

using namespace std::chrono_literals;

hindsight::HistoryOptions history_options(const Options& options) {
    const hindsight::BucketRing one_per_agent{.capacity = 1};
    return {
        .capacity = options.history,
        .max_total_bytes = hindsight::no_limit,
        // What is under no rule shares the ring: the files.
        .policies = {{"agent.heartbeat", hindsight::BucketRing{.capacity = 2}},
                     {"agent.error", hindsight::BucketRing{.capacity = 100}},
                     {"agent.started", one_per_agent},
                     {"agent.ready", one_per_agent},
                     {"agent.terminated", one_per_agent}},
    };
}

std::string status_of(const Totals& totals) {
    return fmt::format("{} files, {:.1f} MB, {} errors", totals.files(), static_cast<double>(totals.bytes()) / 1e6,
                       totals.errors());
}

void run(const Options& options) {
    std::optional<JsonFile> json;
    if (options.json_file) json.emplace(*options.json_file);  // a name that is wrong shows before the work is done
    std::optional<TraceFile> trace;
    if (options.trace_file) trace.emplace(*options.trace_file);

    Console console;
    hindsight::EventBus bus{{.history = history_options(options), .deliveries = trace ? trace->deliveries() : nullptr}};
    const Totals totals(bus);
    ErrorLog errors(bus, console);
    Health health(bus, console);

    const hindsight::TimePoint start = bus.now();
    const auto stopwatch = std::chrono::steady_clock::now();
    {
        FileWalk walk(options.directory);
        Fleet fleet(options.agents, bus, walk);
        while (!fleet.done_within(250ms)) {
            health.check(bus.now());
            console.show_status(status_of(totals));
        }
    }
    const hindsight::Statistics statistics = bus.stats();  // before the end: it takes the subscriptions with it
    const hindsight::ShutdownReport end = bus.shutdown(1min);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - stopwatch;

    console.show_status({});
    errors.finish(totals.errors());
    if (!end.drained) console.print(fmt::format("agent_monitor: {} events were not handled", end.undelivered));
    print_report({.options = options,
                  .history = bus.history(),
                  .statistics = statistics,
                  .totals = totals,
                  .health = health,
                  .start = start,
                  .seconds = elapsed.count()});
    if (json) json->write(bus.history());
    if (trace) {
        trace->write(bus.history());
        if (const std::uint64_t lost = trace->deliveries()->overwritten())
            console.print(fmt::format("agent_monitor: the trace lacks the {} oldest runs of handlers", lost));
    }
}

}  // namespace

}  // namespace agent_monitor

int main(int argc, char** argv) {
    try {
        const auto options = agent_monitor::parse_options(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
        if (options.help) {
            fmt::print("{}", agent_monitor::help_text);
        } else {
            agent_monitor::run(options);
        }
        if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "standard output");
        return 0;
    } catch (const agent_monitor::UsageError& error) {
        fmt::print(stderr, "agent_monitor: {}\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "agent_monitor: {}\n", error.what());
        return 1;
    }
}

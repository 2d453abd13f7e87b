#include "report.hpp"

#include "events.hpp"
#include "fleet.hpp"

#include <hindsight/pattern.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace agent_monitor {

namespace {

void print_totals(const Run& run) {
    const auto per_second = [&](double amount) { return run.seconds > 0 ? amount / run.seconds : 0; };
    fmt::print("directory: {:?}\n", run.options.directory);
    fmt::print("agents: {}\n", run.options.agents);
    fmt::print("files: {}\n", run.totals.files());
    fmt::print("bytes: {}\n", run.totals.bytes());
    fmt::print("lines: {}\n", run.totals.lines());
    fmt::print("errors: {}\n", run.totals.errors());
    fmt::print("seconds: {:.3f}\n", run.seconds);
    fmt::print("events/s: {:.0f}\n", per_second(static_cast<double>(run.statistics.emitted)));
    fmt::print("MB/s: {:.1f}\n", per_second(static_cast<double>(run.totals.bytes()) / 1e6));
}

void print_heartbeats(const Run& run) {
    fmt::print("\nlast heartbeats     after      files           bytes  times silent\n");
    for (unsigned number = 1; number <= run.options.agents; ++number) {
        const std::string name = agent_name(number);
        for (const auto& heartbeat : run.history.query<Heartbeat>({.key = name})) {
            const double after = std::chrono::duration<double>(heartbeat.time() - run.start).count();
            fmt::print("  {:<12} {:>8.3f} s {:>10} {:>15} {:>13}\n", name, after, heartbeat->files, heartbeat->bytes,
                       run.health.silences(name));
        }
    }
}

void print_slowest_files(const Run& run) {
    auto files = run.history.query<FileIndexed>();
    const std::size_t shown = std::min<std::size_t>(files.size(), 5);
    std::ranges::partial_sort(files, files.begin() + static_cast<std::ptrdiff_t>(shown), std::ranges::greater(),
                              [](const auto& file) { return file->seconds; });

    fmt::print("\nslowest files of the {} that history remembers ({} were evicted)\n", files.size(),
               run.totals.files() - files.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const FileIndexed& file = *files[i];
        fmt::print("  {:>9.3f} ms {:>15} bytes  {:?}\n", file.seconds * 1e3, file.bytes, file.path);
    }
}

/// Of the first policy that the event falls under; the one without a pattern is the last, and for all others.
hindsight::PolicyStatistics policy_of(const std::string& name, const hindsight::StoreStatistics& history) {
    const auto found = std::ranges::find_if(history.policies, [&](const hindsight::PolicyStatistics& policy) {
        return policy.pattern.empty() || hindsight::Pattern(policy.pattern).matches(name);
    });
    return found == history.policies.end() ? hindsight::PolicyStatistics{} : *found;
}

void print_events(const Run& run) {
    const hindsight::StoreStatistics history = run.history.stats();
    fmt::print("\nevents               emitted     stored    evicted    dropped  conflated\n");
    for (const auto& [name, counted] : run.statistics.by_name) {
        const hindsight::PolicyStatistics kept = policy_of(name, history);
        std::uint64_t dropped = 0;
        std::uint64_t conflated = 0;
        for (const auto& subscription : run.statistics.subscriptions) {
            if (subscription.pattern != name) continue;
            dropped += subscription.dropped;
            conflated += subscription.conflated;
        }
        fmt::print("  {:<16} {:>10} {:>10} {:>10} {:>10} {:>10}\n", name, counted.emitted, kept.stored, kept.evicted,
                   dropped, conflated);
    }
}

}  // namespace

void print_report(const Run& run) {
    print_totals(run);
    print_heartbeats(run);
    print_slowest_files(run);
    print_events(run);
}

}  // namespace agent_monitor

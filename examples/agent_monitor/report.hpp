// The report on the standard output: the totals, and what the bus's history and statistics tell about the run.
#pragma once

#include "health.hpp"
#include "options.hpp"
#include "totals.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/statistics.hpp>

namespace agent_monitor {

struct Run {
    const Options& options;
    const hindsight::EventStore& history;
    const hindsight::Statistics& statistics;
    const Totals& totals;
    const Health& health;
    hindsight::TimePoint start;
    double seconds = 0;
};

void print_report(const Run& run);

}  // namespace agent_monitor

// Observation: what is written down of one call of an observed handler while it runs.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/detail/watchdog.hpp>
#include <hindsight/types.hpp>

#include <optional>

namespace hindsight::detail {

struct Observation {
    HandlerRun run;                  // but for its start, filled only for a log of deliveries
    std::optional<Duration> waited;  // since its event was emitted, where that is known
    WatchedRun watched;              // by the watchdog, from `begin_watching` on: it has to stay where it is then
};

}  // namespace hindsight::detail

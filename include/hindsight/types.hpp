// The small types and constants that every other header speaks in: time, severity, "no limit".

#pragma once

#include <hindsight/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace hindsight {

/// Wall time in nanoseconds since 1970 (UTC), whichever clock it was read from.
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

/// For counts and sizes: as many as there are.
inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

/// For numbers of threads: one for each core of the machine.
inline constexpr unsigned per_core = std::numeric_limits<unsigned>::max();

/// How much an event matters. Ordered: `severity >= Severity::warning` selects warnings and worse.
enum class Severity : std::uint8_t { trace, debug, info, warning, error, critical };

/// The enumerator's name; "unknown" for a value that is no enumerator.
constexpr std::string_view to_string(Severity severity) noexcept {
    switch (severity) {
    case Severity::trace:
        return "trace";
    case Severity::debug:
        return "debug";
    case Severity::info:
        return "info";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    case Severity::critical:
        return "critical";
    }
    return "unknown";
}

}  // namespace hindsight

#pragma once

#include <hindsight/detail/wall_clock.hpp>

#if defined(HINDSIGHT_HAS_TICKS)
#    include <cpuid.h>

#    include <cmath>
#endif

namespace hindsight::detail {

HINDSIGHT_INLINE thread_local constinit WallClock::Line WallClock::line_{};

namespace wall_clock {

inline std::int64_t system_nanoseconds() noexcept {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()).time_since_epoch().count();
}

#if defined(HINDSIGHT_HAS_TICKS)

/// Whether the counter runs at one rate in all states of the processor (CPUID 80000007H, EDX bit 8, "invariant TSC":
/// Intel SDM volume 3, section 18.17.1; AMD APM volume 3, appendix E.4.6).
inline bool counts_evenly() noexcept {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) != 0 && (edx & (1u << 8)) != 0;
}

struct Reading {
    std::uint64_t ticks;
    std::int64_t nanoseconds;
};

/// Both clocks at one moment. A thread may be interrupted between the two: the closest pair of a few is taken.
inline Reading read_both() noexcept {
    Reading best{};
    std::uint64_t shortest = ~std::uint64_t{0};
    for (int attempt = 0; attempt < 3; ++attempt) {
        const std::uint64_t before = __rdtsc();
        const std::int64_t nanoseconds = system_nanoseconds();
        const std::uint64_t took = __rdtsc() - before;
        if (took >= shortest) continue;
        shortest = took;
        best = {before + took / 2, nanoseconds};
    }
    return best;
}

#endif

}  // namespace wall_clock

HINDSIGHT_INLINE TimePoint WallClock::ask_system() noexcept {
#if defined(HINDSIGHT_HAS_TICKS)
    static const bool counts_evenly = wall_clock::counts_evenly();
    if (counts_evenly) {
        const wall_clock::Reading reading = wall_clock::read_both();
        lay_line(reading.ticks, reading.nanoseconds);
        return TimePoint(Duration(reading.nanoseconds));
    }
#endif
    return TimePoint(Duration(wall_clock::system_nanoseconds()));
}

#if defined(HINDSIGHT_HAS_TICKS)

HINDSIGHT_INLINE void WallClock::lay_line(std::uint64_t ticks, std::int64_t nanoseconds) noexcept {
    constexpr double line_length = 1e6;          // nanoseconds
    constexpr double longest_measurement = 1e9;  // nanoseconds
    constexpr double one = static_cast<double>(std::uint64_t{1} << rate_bits);
    Line& line = line_;

    if (line.rate != 0) {
        const double passed = static_cast<double>(nanoseconds - line.nanoseconds);
        const double counted = static_cast<double>(ticks - line.ticks) * static_cast<double>(line.rate) / one;
        // Beyond what reading the two clocks one after the other can explain.
        const bool stepped = std::abs(passed - counted) > 1e5 + std::abs(passed) / 1000;
        if (stepped) line = {};
    }
    line.ticks = ticks;
    line.nanoseconds = nanoseconds;
    if (line.first_ticks == 0) {
        line.first_ticks = ticks;
        line.first_nanoseconds = nanoseconds;
    }
    const double measured = static_cast<double>(nanoseconds - line.first_nanoseconds);
    if (measured >= line_length) {
        line.rate = static_cast<std::uint64_t>(measured / static_cast<double>(ticks - line.first_ticks) * one);
        if (measured >= longest_measurement) {
            line.first_ticks = ticks;
            line.first_nanoseconds = nanoseconds;
        }
    }
    line.valid_ticks =
        line.rate == 0 ? 0 : static_cast<std::uint64_t>(line_length * one / static_cast<double>(line.rate));
}

#endif

}  // namespace hindsight::detail

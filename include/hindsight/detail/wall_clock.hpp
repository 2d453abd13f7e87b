// The wall time of events, from the processor's time-stamp counter where that counts evenly, else from the system.
//
// Reading the counter costs a fraction of asking the system. Each thread converts with a line through two readings of
// both clocks: the counter's rate is measured against the system's clock over up to a second, and the line is laid anew
// through the system's clock every millisecond, which bounds what a wrong rate can add, and how long a stepped clock
// goes unseen. Where the two do not agree (a step, a suspended machine) the thread asks the system until it has
// measured again.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/types.hpp>

#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#    define HINDSIGHT_HAS_TICKS
#    include <x86intrin.h>
#endif

namespace hindsight::detail {

class WallClock {
public:
    HINDSIGHT_ALWAYS_INLINE static TimePoint now() noexcept {
#if defined(HINDSIGHT_HAS_TICKS)
        const std::uint64_t ticks = __rdtsc();
        const Line& line = line_;
        // Unsigned: a counter that went backwards is far beyond the end too.
        const std::uint64_t since = ticks - line.ticks;
        if (since < line.valid_ticks) [[likely]] {
            return TimePoint(Duration(line.nanoseconds + static_cast<std::int64_t>((since * line.rate) >> rate_bits)));
        }
#endif
        return ask_system();
    }

private:
    static constexpr int rate_bits = 32;

    struct Line {
        std::uint64_t ticks = 0;        // a reading of the counter ...
        std::int64_t nanoseconds = 0;   // ... and the wall time then
        std::uint64_t rate = 0;         // nanoseconds a tick, times 2^rate_bits
        std::uint64_t valid_ticks = 0;  // how far the line goes; 0: it is not known yet
        std::uint64_t first_ticks = 0;  // where the measurement of the rate began
        std::int64_t first_nanoseconds = 0;
    };

    HINDSIGHT_API static TimePoint ask_system() noexcept;
    static void lay_line(std::uint64_t ticks, std::int64_t nanoseconds) noexcept;

    HINDSIGHT_API static thread_local constinit Line line_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/wall_clock.ipp>
#endif

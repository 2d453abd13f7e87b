// When: what tells at which time an event is to be emitted.
#pragma once

#include <hindsight/types.hpp>

#include <cstdint>

namespace hindsight::detail {

struct When {
    enum class Kind : std::uint8_t { after, at, every } kind;
    Duration delay{};  // the period, for `every`
    TimePoint time{};  // for `at`
};

/// Stops at the end of time; `by` is not negative.
inline TimePoint later(TimePoint time, Duration by) noexcept {
    if (time.time_since_epoch() > Duration::zero() && by > TimePoint::max() - time) return TimePoint::max();
    return time + by;
}

}  // namespace hindsight::detail

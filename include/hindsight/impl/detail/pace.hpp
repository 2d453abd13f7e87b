// Pace: when the events of a recording are due on a bus's clock.
#pragma once

#include <hindsight/clock.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/types.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <stop_token>

namespace hindsight::detail {

class Pace {
public:
    /// All are referred to.
    Pace(const Hub& hub, double speed, const std::function<void(TimePoint)>& wait_until, const std::stop_token& stop)
        : hub_(hub), speed_(speed), wait_until_(wait_until), stop_(stop) {}

    /// Waits until an event that was recorded at this time is due. False: it was stopped.
    bool wait_for(TimePoint recorded) {
        if (std::isinf(speed_)) return !stop_.stop_requested();
        if (!begin_) {
            begin_ = recorded;
            start_ = hub_.now();
        }
        const TimePoint due = plus(start_, Duration(scaled(difference(recorded, *begin_))));
        if (!stop_.stop_requested() && hub_.now() < due) wait_until(due);
        return !stop_.stop_requested();
    }

private:
    using Count = Duration::rep;
    static constexpr Count largest = std::numeric_limits<Count>::max();

    // Emitters may give any times: what is beyond the largest number stays there.

    /// 0 where `later` is not later.
    static Count difference(TimePoint later, TimePoint earlier) noexcept {
        const Count a = later.time_since_epoch().count();
        const Count b = earlier.time_since_epoch().count();
        if (a <= b) return 0;
        return b < 0 && a > largest + b ? largest : a - b;
    }
    Count scaled(Count elapsed) const noexcept {
        if (speed_ == 1) return elapsed;
        const double result = static_cast<double>(elapsed) / speed_;
        return result < static_cast<double>(largest) ? static_cast<Count>(result) : largest;
    }
    static TimePoint plus(TimePoint start, Duration elapsed) noexcept {
        return start > TimePoint::max() - elapsed ? TimePoint::max() : start + elapsed;
    }

    void wait_until(TimePoint due) const {
        if (wait_until_) return wait_until_(due);
        const auto& clock = hub_.options().clock;
        if (clock && clock->go_on_to(due)) return;
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        while (!stop_.stop_requested()) {
            const TimePoint now = hub_.now();
            if (now >= due) return;
            // In parts: the bus's clock may be another than the one that waits, and may be set meanwhile.
            const Duration part = std::min<Duration>(Duration(difference(due, now)), std::chrono::seconds(1));
            changed.wait_for(lock, stop_, part, [] { return false; });
        }
    }

    const Hub& hub_;
    const double speed_;
    const std::function<void(TimePoint)>& wait_until_;
    const std::stop_token& stop_;
    std::optional<TimePoint> begin_;  // of the recording
    TimePoint start_;                 // of the replay, on the bus's clock
};

}  // namespace hindsight::detail

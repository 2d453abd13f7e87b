// Clock: where a bus reads the time of its events, so that tests can set it.
#pragma once

#include <hindsight/types.hpp>

#include <atomic>
#include <chrono>

namespace hindsight {

/// Must be thread-safe; `now` must not block.
struct Clock {
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    virtual TimePoint now() const noexcept = 0;
    /// For a clock that stands still until it is told to go on: does so, up to that time. False: it goes by itself.
    virtual bool go_on_to(TimePoint) noexcept { return false; }
};

/// The system's wall clock: what a bus uses when it is given none.
struct SystemClock final : Clock {
    TimePoint now() const noexcept override {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
};

/// Stands still until it is set or advanced. Thread-safe.
class ManualClock final : public Clock {
public:
    explicit ManualClock(TimePoint start = {}) noexcept : now_(start.time_since_epoch().count()) {}

    TimePoint now() const noexcept override { return TimePoint(Duration(now_.load(std::memory_order_acquire))); }
    void set(TimePoint time) noexcept { now_.store(time.time_since_epoch().count(), std::memory_order_release); }
    void advance(Duration by) noexcept { now_.fetch_add(by.count(), std::memory_order_acq_rel); }
    /// Never goes back.
    bool go_on_to(TimePoint time) noexcept override {
        const Duration::rep wanted = time.time_since_epoch().count();
        Duration::rep now = now_.load(std::memory_order_acquire);
        while (now < wanted && !now_.compare_exchange_weak(now, wanted, std::memory_order_acq_rel)) {}
        return true;
    }

private:
    std::atomic<Duration::rep> now_;
};

}  // namespace hindsight

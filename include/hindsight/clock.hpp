// Clock: where a bus reads the time of its events, so that tests can set it.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace hindsight {

/// Somebody who is told that a clock has been moved by hand.
struct ClockListener {
    ClockListener() = default;
    ClockListener(const ClockListener&) = delete;
    ClockListener& operator=(const ClockListener&) = delete;
    virtual ~ClockListener() = default;
    virtual void clock_moved() noexcept = 0;
};

/// Must be thread-safe; `now` must not block.
struct Clock {
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;
    virtual TimePoint now() const noexcept = 0;
    /// For a clock that stands still until it is told to go on: does so, up to that time. False: it goes by itself.
    virtual bool go_on_to(TimePoint) noexcept { return false; }
    /// For the same: from now on tells the listener, for as long as it lives, after each move and on the thread that
    /// moves the clock, without a lock. False: it goes by itself; who waits for a time has to look at it again and
    /// again. Throws std::bad_alloc.
    virtual bool add_listener(const std::weak_ptr<ClockListener>&) { return false; }
};

/// The system's wall clock: what a bus uses when it is given none.
struct SystemClock final : Clock {
    TimePoint now() const noexcept override {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
};

/// Stands still until it is set or advanced. Thread-safe. Moving it emits the scheduled events that are due by then,
/// before it returns, on the thread that moves it (a bus without threads: in `run_pending()`); see docs/schedules.md.
class HINDSIGHT_API ManualClock final : public Clock {
public:
    explicit ManualClock(TimePoint start = {}) noexcept : now_(start.time_since_epoch().count()) {}

    TimePoint now() const noexcept override { return TimePoint(Duration(now_.load(std::memory_order_acquire))); }
    void set(TimePoint time) noexcept;
    void advance(Duration by) noexcept;
    /// Never goes back.
    bool go_on_to(TimePoint time) noexcept override;
    bool add_listener(const std::weak_ptr<ClockListener>& listener) override;

private:
    using Listeners = std::vector<std::weak_ptr<ClockListener>>;

    void tell_listeners() const noexcept;

    std::atomic<Duration::rep> now_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Listeners> listeners_ HINDSIGHT_GUARDED_BY(mutex_);  // never changed, only replaced
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/clock.ipp>
#endif

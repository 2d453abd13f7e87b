// Parking: threads wait for a condition on any address, without a mutex or condition variable in each object.
//
// A waiter checks its condition under the mutex of the address's lot, and sleeps there. Whoever makes the condition
// true does so first and then calls `unpark_all`, which takes the same mutex: it comes either before the check, which
// then sees the condition true, or after the waiter sleeps, and wakes it. The address is only a number: it may be dead.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/types.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace hindsight::detail {

struct ParkingLot {
    std::mutex mutex;
    std::condition_variable changed;

    /// The lot of an address; lots are shared by many addresses and never destroyed.
    HINDSIGHT_API static ParkingLot& of(const void* address) noexcept;
};

using Deadline = std::chrono::steady_clock::time_point;

/// The moment `timeout` from now; Deadline::max() for timeouts beyond the clock's range.
inline Deadline deadline_after(Duration timeout) noexcept {
    const Deadline now = std::chrono::steady_clock::now();
    return timeout < Deadline::max() - now ? now + timeout : Deadline::max();
}

/// Blocks until `condition()`, which must not block, is true or the deadline is over; the condition's last value.
template <class Condition>
bool park_until(const void* address, Deadline deadline, Condition condition) {
    ParkingLot& lot = ParkingLot::of(address);
    std::unique_lock lock(lot.mutex);
    while (!condition()) {
        if (deadline == Deadline::max()) {
            lot.changed.wait(lock);
        } else if (lot.changed.wait_until(lock, deadline) == std::cv_status::timeout) {
            return condition();
        }
    }
    return true;
}

inline void unpark_all(const void* address) noexcept {
    ParkingLot& lot = ParkingLot::of(address);
    { const std::lock_guard lock(lot.mutex); }
    lot.changed.notify_all();
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/parking.ipp>
#endif

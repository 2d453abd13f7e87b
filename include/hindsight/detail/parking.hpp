// Parking: threads, and others, wait for a condition on any address, without a mutex or condition variable in each
// object.
//
// A waiter checks its condition under the mutex of the address's lot, and sleeps there. Whoever makes the condition
// true does so first and then calls `unpark_all`, which takes the same mutex: it comes either before the check, which
// then sees the condition true, or after the waiter sleeps, and wakes it. The address is only a number: it may be dead.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/types.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

/// Somebody who waits without a thread. Is parked once at most.
class Parked {
public:
    Parked() = default;
    Parked(const Parked&) = delete;
    Parked& operator=(const Parked&) = delete;
    virtual ~Parked() = default;

protected:
    /// The condition may be true now. Called once at most, by any thread, without a lock; also after `leave`.
    virtual void unparked() noexcept = 0;

private:
    friend struct ParkingLot;
    const void* address_ = nullptr;  // null: not parked; guarded by the lot's mutex
    std::shared_ptr<Parked> next_;   // the same; then its place in the chain of those that are told
};

struct HINDSIGHT_API ParkingLot {
    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<Parked> first HINDSIGHT_GUARDED_BY(mutex);  // of those without threads

    // With the mutex held.
    void enter_locked(const void* address, std::shared_ptr<Parked> parked) noexcept HINDSIGHT_REQUIRES(mutex);
    std::shared_ptr<Parked> take_locked(const void* address) noexcept HINDSIGHT_REQUIRES(mutex);

    /// Tells those that were taken.
    static void tell(std::shared_ptr<Parked> taken) noexcept;
    /// Takes out one that may be parked at the address.
    static void leave(const void* address, const Parked& parked) noexcept;

    /// The lot of an address; lots are shared by many addresses and never destroyed.
    static ParkingLot& of(const void* address) noexcept;
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

/// Parks somebody without a thread, unless `condition()`, which must not block, is true; whether he has been parked.
template <class Condition>
bool park(const void* address, std::shared_ptr<Parked> parked, Condition condition) {
    ParkingLot& lot = ParkingLot::of(address);
    const std::lock_guard lock(lot.mutex);
    if (condition()) return false;
    lot.enter_locked(address, std::move(parked));
    return true;
}

inline void unpark_all(const void* address) noexcept {
    ParkingLot& lot = ParkingLot::of(address);
    std::shared_ptr<Parked> taken;
    {
        const std::lock_guard lock(lot.mutex);
        if (lot.first) [[unlikely]]
            taken = lot.take_locked(address);
    }
    lot.changed.notify_all();
    if (taken) [[unlikely]]
        ParkingLot::tell(std::move(taken));
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/parking.ipp>
#endif

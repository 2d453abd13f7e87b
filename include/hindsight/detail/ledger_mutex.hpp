// LedgerMutex: the one short lock of a bus. The thread that emits again and again becomes its *favourite*, which takes
// it without a read-modify-write until another thread wants it. In a bus for one thread it locks nothing.
//
// The favourite says in its slot that it is in the lock, then looks once more whether it still is the favourite. Who
// else wants the lock takes the ShortLock, takes the favour away, makes the heavy fence (see fence.hpp) and waits until
// the slot says that its thread is out: either the favourite sees that it is none any more, and leaves again, or the
// other sees it in the lock. Leaving is a release, which that look acquires. A slot's flag is written by its thread
// alone, and means nothing to who has not just taken the favour from it. Favour is given and taken away with the
// ShortLock held; where the fence is not the asymmetric one, it is not given.
//
// A favourite that takes the ShortLock, as all do but for emitting, leaves the favour as it is: it cannot be in the
// lock twice, and all others have to wait for the ShortLock first. Taking a favour away costs some microseconds, so
// after each time a thread has to emit twice as often in a row to get it.
//
// Threads that emit all the time are faster one after the other than in turn: what the lock guards, and the memory of
// the records that leave, moves from one processor to the other but once a burst then. So who has found the lock taken,
// and sees that others emitted several times while it waited, looks the less often from then on, up to a pause of some
// ten microseconds; where they did not, the pauses become short again. `emits_` and `pause_` are written with the
// ShortLock held, and read without it by who waits: nothing but the length of a pause depends on them.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace hindsight::detail {

class HINDSIGHT_CAPABILITY LedgerMutex {
public:
    /// `shared_between_threads`: else nothing is locked.
    explicit LedgerMutex(bool shared_between_threads) noexcept : enabled_(shared_between_threads) {}

    HINDSIGHT_ALWAYS_INLINE void lock() noexcept HINDSIGHT_ACQUIRE() HINDSIGHT_UNCHECKED_LOCKING {
        if (!enabled_) [[unlikely]]
            return;
        lock_.lock();
        end_row();
        if (favourite_.load(std::memory_order_relaxed) != nullptr) [[unlikely]]
            take_favour();
    }
    bool try_lock() noexcept HINDSIGHT_TRY_ACQUIRE(true) HINDSIGHT_UNCHECKED_LOCKING {
        if (!enabled_) return true;
        if (!lock_.try_lock()) return false;
        if (favourite_.load(std::memory_order_relaxed) != nullptr) take_favour();
        return true;
    }
    HINDSIGHT_ALWAYS_INLINE void unlock() noexcept HINDSIGHT_RELEASE() HINDSIGHT_UNCHECKED_LOCKING {
        if (enabled_) [[likely]]
            lock_.unlock();
    }
    bool enabled() const noexcept { return enabled_; }

    /// For emitting, outside all frames: takes the lock if this thread is the favourite.
    HINDSIGHT_ALWAYS_INLINE bool enter(ThreadSlot& slot) noexcept {
        if (favourite_.load(std::memory_order_relaxed) != &slot) [[unlikely]]
            return false;
        publish(slot.in_favoured_lock, true, true);
        if (favourite_.load(std::memory_order_relaxed) == &slot) [[likely]]
            return true;
        leave(slot);
        return false;
    }
    HINDSIGHT_ALWAYS_INLINE static void leave(ThreadSlot& slot) noexcept {
        slot.in_favoured_lock.store(false, std::memory_order_release);
    }
    /// The same for a thread that is not the favourite, and may become it. Given back by `unlock`.
    HINDSIGHT_API void lock_to_emit(ThreadSlot& slot) noexcept HINDSIGHT_UNCHECKED_LOCKING;

private:
    static constexpr std::uint32_t first_threshold = 64;
    static constexpr std::uint32_t last_threshold = std::uint32_t{1} << 30;

    HINDSIGHT_API void take_favour() noexcept;

    // For emitting, by a thread that has found the lock taken.
    void wait_to_emit() noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void end_row() noexcept { row_begin_ = emits_.load(std::memory_order_relaxed); }

    std::atomic<const ThreadSlot*> favourite_{nullptr};
    const bool enabled_;
    ShortLock lock_;

    // Guarded by lock_: who took it last to emit, and of how many emits the first was in a row with its last.
    const ThreadSlot* last_ = nullptr;
    std::uint64_t row_begin_ = 0;
    std::atomic<std::uint64_t> emits_{0};        // but for those of favourites
    std::uint32_t threshold_ = first_threshold;  // how many in a row make a favourite
    std::atomic<std::chrono::nanoseconds> pause_{ShortLock::shortest_pause};
};

/// The lock for emitting.
class HINDSIGHT_SCOPED_CAPABILITY EmitLock {
public:
    HINDSIGHT_ALWAYS_INLINE EmitLock(LedgerMutex& mutex, ThreadSlot& slot) noexcept HINDSIGHT_UNCHECKED_ACQUIRE(mutex)
        : mutex_(mutex), slot_(slot), favoured_(mutex.enter(slot)) {
        if (!favoured_) [[unlikely]]
            mutex_.lock_to_emit(slot);
    }
    EmitLock(const EmitLock&) = delete;
    EmitLock& operator=(const EmitLock&) = delete;
    HINDSIGHT_ALWAYS_INLINE ~EmitLock() HINDSIGHT_RELEASE() HINDSIGHT_UNCHECKED_LOCKING {
        if (favoured_) [[likely]] {
            LedgerMutex::leave(slot_);
        } else {
            mutex_.unlock();
        }
    }

private:
    LedgerMutex& mutex_;
    ThreadSlot& slot_;
    const bool favoured_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/ledger_mutex.ipp>
#endif

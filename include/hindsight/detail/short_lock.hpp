// ShortLock: a lock for critical sections of some ten nanoseconds: one inlined read-modify-write to take it, a store to
// give it back (see fence.hpp), a short spin when it is taken, and then sleep.
//
// No wake-up is lost: a sleeper counts itself in `sleepers_`, makes the heavy fence, and looks at `state_` again before
// it sleeps; who gives the lock back publishes `state_` and then reads `sleepers_`. Either the sleeper sees the lock
// free, or the other sees the sleeper, and wakes one; a woken one that finds it taken again is still counted. The
// system's sleep itself compares `state_` once more, so a wake between the look and the sleep is not lost either.
// Taking acquires what giving back releases.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/fence.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace hindsight::detail {

class HINDSIGHT_CAPABILITY ShortLock {
public:
    static constexpr std::chrono::nanoseconds shortest_pause{200};

    HINDSIGHT_ALWAYS_INLINE void lock() noexcept HINDSIGHT_ACQUIRE() HINDSIGHT_UNCHECKED_LOCKING {
        if (!try_lock()) [[unlikely]]
            wait(shortest_pause);
    }
    bool try_lock() noexcept HINDSIGHT_TRY_ACQUIRE(true) HINDSIGHT_UNCHECKED_LOCKING {
        return state_.exchange(taken, std::memory_order_acquire) == free;
    }
    HINDSIGHT_ALWAYS_INLINE void unlock() noexcept HINDSIGHT_RELEASE() HINDSIGHT_UNCHECKED_LOCKING {
        publish(state_, free);
        if (fenced_load(sleepers_) != 0) [[unlikely]]
            wake_one();
    }
    /// Takes it, too, for a thread that has found it taken, and is to look again after that time at first.
    HINDSIGHT_API void wait(std::chrono::nanoseconds pause) noexcept HINDSIGHT_ACQUIRE() HINDSIGHT_UNCHECKED_LOCKING;

private:
    static constexpr std::uint32_t free = 0;
    static constexpr std::uint32_t taken = 1;

    HINDSIGHT_API void wake_one() noexcept;
    void sleep_while_taken() noexcept;

    std::atomic<std::uint32_t> state_{free};
    std::atomic<std::uint32_t> sleepers_{0};
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/short_lock.ipp>
#endif

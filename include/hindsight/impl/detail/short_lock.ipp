#pragma once

#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/spin.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#if defined(__linux__)
#    include <linux/futex.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

namespace hindsight::detail {

namespace short_lock {

inline void spin_for(std::chrono::nanoseconds duration) noexcept {
    const auto end = std::chrono::steady_clock::now() + duration;
    do {
        for (int i = 0; i < 8; ++i) spin_pause();
    } while (std::chrono::steady_clock::now() < end);
}

}  // namespace short_lock

HINDSIGHT_INLINE void ShortLock::wait(std::chrono::nanoseconds pause) noexcept {
    // A critical section is over sooner than a sleep would be, unless its thread was interrupted in it. Each look takes
    // the memory around the lock away from whoever holds it, so looks become rarer.
    const std::chrono::nanoseconds longest = std::max(shortest_pause * 16, pause * 2);
    for (; pause <= longest; pause *= 2) {
        short_lock::spin_for(pause);
        if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
    }
    for (int yields = 0; yields < 16; ++yields) {
        std::this_thread::yield();
        if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
    }
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    heavy_fence();
    while (state_.exchange(taken, std::memory_order_seq_cst) != free) sleep_while_taken();
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

#if defined(__linux__)

// std::atomic's own notify may skip the system call when it has not seen the waiter yet, which it cannot tell after a
// plain store; the sleepers are counted here, so the call is always made.
HINDSIGHT_INLINE void ShortLock::sleep_while_taken() noexcept {
    ::syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, taken, nullptr, nullptr, 0);
}

HINDSIGHT_INLINE void ShortLock::wake_one() noexcept {
    ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

#else

HINDSIGHT_INLINE void ShortLock::sleep_while_taken() noexcept {
    state_.wait(taken, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE void ShortLock::wake_one() noexcept {
    state_.notify_one();
}

#endif

}  // namespace hindsight::detail

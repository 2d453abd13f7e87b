#pragma once

#include <hindsight/detail/ledger_mutex.hpp>
#include <hindsight/detail/spin.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace hindsight::detail {

HINDSIGHT_INLINE void LedgerMutex::lock_to_emit(ThreadSlot& slot) noexcept {
    if (!enabled_) {  // and so there is nobody to take it from
        favourite_.store(&slot, std::memory_order_relaxed);
        return;
    }
    if (!lock_.try_lock()) wait_to_emit();
    if (favourite_.load(std::memory_order_relaxed) != nullptr) take_favour();
    const std::uint64_t emits = emits_.load(std::memory_order_relaxed) + 1;
    emits_.store(emits, std::memory_order_relaxed);
    if (last_ != &slot) {
        last_ = &slot;
        row_begin_ = emits;
    } else if (emits - row_begin_ >= threshold_ && asymmetric_fence) {
        row_begin_ = emits;
        favourite_.store(&slot, std::memory_order_relaxed);
    }
}

HINDSIGHT_INLINE void LedgerMutex::wait_to_emit() noexcept {
    constexpr std::uint64_t several = 3;
    constexpr std::chrono::nanoseconds longest_pause{25'000};
    const std::chrono::nanoseconds pause = pause_.load(std::memory_order_relaxed);
    const std::uint64_t before = emits_.load(std::memory_order_relaxed);
    lock_.wait(pause);
    const bool often = emits_.load(std::memory_order_relaxed) - before >= several;
    pause_.store(std::clamp(often ? pause * 2 : pause / 2, ShortLock::shortest_pause, longest_pause),
                 std::memory_order_relaxed);
}

HINDSIGHT_INLINE void LedgerMutex::take_favour() noexcept {
    const ThreadSlot* const favourite = favourite_.load(std::memory_order_relaxed);
    if (favourite == ThreadSlot::current_or_null()) return;
    favourite_.store(nullptr, std::memory_order_seq_cst);
    heavy_fence();
    // It is in there for some ten nanoseconds, unless it was interrupted.
    for (int looks = 0; favourite->in_favoured_lock.load(std::memory_order_acquire); ++looks) {
        if (looks < 64) {
            spin_pause();
        } else if (looks < 128) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }
    if (threshold_ < last_threshold) threshold_ *= 2;
}

}  // namespace hindsight::detail

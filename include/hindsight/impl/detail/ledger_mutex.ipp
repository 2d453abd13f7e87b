#pragma once

#include <hindsight/detail/ledger_mutex.hpp>
#include <hindsight/detail/spin.hpp>

#include <chrono>
#include <thread>

namespace hindsight::detail {

HINDSIGHT_INLINE void LedgerMutex::lock_to_emit(ThreadSlot& slot) noexcept {
    if (!enabled_) {  // and so there is nobody to take it from
        favourite_.store(&slot, std::memory_order_relaxed);
        return;
    }
    lock_.lock();
    if (favourite_.load(std::memory_order_relaxed) != nullptr) take_favour();
    if (last_ != &slot) {
        last_ = &slot;
        in_a_row_ = 0;
    } else if (++in_a_row_ >= threshold_ && asymmetric_fence) {
        in_a_row_ = 0;
        favourite_.store(&slot, std::memory_order_relaxed);
    }
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

// Stream: whether events come to a mailbox so fast that its turn should not end as soon as it is empty.
//
// To send a mailbox to its executor again, and to wake a sleeping thread for it, costs more than to handle a hundred
// events. A turn that has handled many without a break therefore stays for a few microseconds once it is empty, about
// as long as waking takes. It also looks for more only now and then, since each look takes the lock from the emitters.
// For occasional events nothing of this happens. Knows nothing of threads: it belongs to the one whose turn it is.
#pragma once

#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/spin.hpp>

#include <chrono>
#include <cstddef>

namespace hindsight::detail {

class Stream {
public:
    /// A turn that took fewer at once does better to let some come before it takes the next.
    static constexpr std::size_t few = 64;

    /// The turn took this many. Whether it should stay even when that is none.
    bool goes_on(std::size_t taken) noexcept {
        handled_ += taken;
        looks_in_vain_ = taken == 0 ? looks_in_vain_ + 1 : 0;
        const bool breaks_off = taken == 0 && (handled_ < many || looks_in_vain_ > most_looks_in_vain);
        if (breaks_off) handled_ = looks_in_vain_ = 0;
        return handled_ >= many;
    }

    /// Where the next records will be: another thread writes them there.
    void note_next(const void* place) noexcept { next_ = place; }
    /// Before the lock is taken, which is then held for a shorter time.
    void prefetch_next() const noexcept {
        if (next_ == nullptr) return;
        const auto* const bytes = static_cast<const char*>(next_);
        for (std::size_t line = 0; line < few * sizeof(void*) / cache_line; ++line) prefetch(bytes + line * cache_line);
    }

    static void let_some_come() noexcept {
        using Clock = std::chrono::steady_clock;
        const auto end = Clock::now() + std::chrono::microseconds(5);
        do {
            spin_pause();
        } while (Clock::now() < end);
    }

private:
    static constexpr std::size_t many = 64;
    static constexpr std::size_t most_looks_in_vain = 2;

    std::size_t handled_ = 0;
    std::size_t looks_in_vain_ = 0;
    const void* next_ = nullptr;
};

}  // namespace hindsight::detail

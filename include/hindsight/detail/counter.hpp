// Counter: a statistic that many threads count up, without a read-modify-write in the common case.
//
// The first few threads of the process (by ThreadSlot::index) each have a cell that only they write, with a plain load
// and store; all others share one atomic cell. A slot's next owner sees the last one's stores through the slot's
// release and acquire. Reading adds the cells up: exact once the counting threads are quiet, else a recent value.
#pragma once

#include <hindsight/detail/thread_slot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hindsight::detail {

class Counter {
public:
    HINDSIGHT_ALWAYS_INLINE void add(const ThreadSlot& slot, std::uint64_t count = 1) noexcept {
        if (has_own_cell(slot)) [[likely]] {
            add_to_own(slot.index, count);
        } else {
            add_shared(count);
        }
    }

    /// For loops that have looked already whether the thread has a cell of its own: by the index of its slot.
    static bool has_own_cell(const ThreadSlot& slot) noexcept { return slot.index < own_cells; }
    HINDSIGHT_ALWAYS_INLINE void add_to_own(unsigned index, std::uint64_t count = 1) noexcept {
        std::atomic<std::uint64_t>& own = own_[index];
        own.store(own.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }

    /// For a thread that has no slot.
    void add_shared(std::uint64_t count = 1) noexcept { shared_.fetch_add(count, std::memory_order_relaxed); }

    std::uint64_t get() const noexcept { return sum() - base_.load(std::memory_order_relaxed); }
    /// Counts from here on start at zero. What is counted meanwhile may fall on either side.
    void reset() noexcept { base_.store(sum(), std::memory_order_relaxed); }

private:
    static constexpr std::size_t own_cells = ThreadSlot::counting;

    std::uint64_t sum() const noexcept {
        std::uint64_t total = shared_.load(std::memory_order_relaxed);
        for (const auto& own : own_) total += own.load(std::memory_order_relaxed);
        return total;
    }

    std::atomic<std::uint64_t> own_[own_cells]{};
    std::atomic<std::uint64_t> shared_{0};
    std::atomic<std::uint64_t> base_{0};
};

/// The same for what happens seldom, or is dear anyway: smaller, with a read-modify-write each time.
class RareCounter {
public:
    void add(const ThreadSlot&, std::uint64_t count = 1) noexcept { add_shared(count); }
    void add_shared(std::uint64_t count = 1) noexcept { count_.fetch_add(count, std::memory_order_relaxed); }
    std::uint64_t get() const noexcept { return count_.load(std::memory_order_relaxed); }
    void reset() noexcept { count_.store(0, std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> count_{0};
};

}  // namespace hindsight::detail

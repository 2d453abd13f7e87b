#pragma once

#include <hindsight/detail/thread_slot.hpp>

#if defined(__linux__)
#    include <cxxabi.h>
#endif

#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE thread_local constinit ThreadSlot* ThreadSlot::current_ = nullptr;
HINDSIGHT_INLINE thread_local constinit ThreadSlot* ThreadSlot::quick_ = nullptr;

namespace thread_slot {

// Trivially destructible, so it can still be read while the thread's other thread-locals are being destroyed.
inline thread_local constinit bool ending = false;

struct AtThreadEnd {
    void (*give_back)() noexcept;
    ~AtThreadEnd() {
        ending = true;
        give_back();
    }
};

#if defined(__linux__)

// The name is the platform's. NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void* __dso_handle __attribute__((visibility("hidden")));

/// Destructors of thread-locals that were made before the slot was may need one again, outside any frame, too. What has
/// been destroyed cannot be made anew, so this asks for a call as a thread-local does, once the current one is over.
inline void give_back_again_at_end(void (*give_back)()) noexcept {
    const auto call = [](void* function) { reinterpret_cast<void (*)()>(function)(); };
    abi::__cxa_thread_atexit(call, reinterpret_cast<void*>(give_back), &__dso_handle);
}

#else

inline void give_back_again_at_end(void (*)()) noexcept {}  // the slot is lost

#endif

}  // namespace thread_slot

HINDSIGHT_INLINE ThreadSlots& ThreadSlots::instance() {
    static ThreadSlots* const slots = [] {
        choose_fence();
        return new ThreadSlots;
    }();
    return *slots;
}

HINDSIGHT_INLINE ThreadSlot& ThreadSlot::acquire() {
    ThreadSlots& slots = ThreadSlots::instance();
    ThreadSlot* slot = nullptr;
    {
        const std::lock_guard lock(slots.mutex);
        ThreadSlot* const first = slots.head.load(std::memory_order_relaxed);
        for (slot = first; slot != nullptr && slot->in_use(); slot = slot->next) {}
        if (slot != nullptr) {
            slot->used.store(true, std::memory_order_relaxed);
        } else {
            slot = new ThreadSlot;
            slot->next = first;
            slot->index = first ? first->index + 1 : 0;
            slots.head.store(slot, std::memory_order_seq_cst);
        }
    }
    current_ = slot;
    quick_ = asymmetric_fence && slot->index < counting ? slot : nullptr;
    if (thread_slot::ending) {
        thread_slot::give_back_again_at_end(&ThreadSlot::give_back);
    } else {
        static thread_local thread_slot::AtThreadEnd at_end{&ThreadSlot::give_back};
    }
    return *slot;
}

HINDSIGHT_INLINE Cell& ThreadSlot::deep_cell_at(unsigned depth) {
    CellBlock* block = &cells;
    for (; depth >= CellBlock::size; depth -= CellBlock::size) {
        CellBlock* deeper = block->next.load(std::memory_order_relaxed);
        if (deeper == nullptr) {
            deeper = new CellBlock;
            block->next.store(deeper, std::memory_order_seq_cst);
        }
        block = deeper;
    }
    return block->cells[depth];
}

HINDSIGHT_INLINE void ThreadSlot::tidy_up() noexcept {
    // Destroyed at last: that is user code, which may emit on this very thread.
    const std::shared_ptr<void> alive = std::move(outermost.kept_alive);
    const std::shared_ptr<const Record> record = std::move(outermost.record_of_bare);
    untidy = false;
}

HINDSIGHT_INLINE void ThreadSlot::give_back() noexcept {
    ThreadSlot& slot = *current_;
    if (slot.top != nullptr) return;  // the program ends inside a handler
    current_ = nullptr;
    quick_ = nullptr;
    slot.spare.drop();
    slot.used.store(false, std::memory_order_release);
}

}  // namespace hindsight::detail

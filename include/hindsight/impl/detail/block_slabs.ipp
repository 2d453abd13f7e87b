#pragma once

#include <hindsight/detail/block_slabs.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#if defined(__linux__)
#    include <sys/mman.h>
#endif

namespace hindsight::detail {

HINDSIGHT_INLINE constinit std::atomic<std::uint32_t> BlockSlabs::large_{0};

namespace block_slabs {

struct alignas(64) Slab {
    // Among those of its class that have room.
    Slab* previous = nullptr;
    Slab* next = nullptr;
    FreeBlock* free = nullptr;
    std::uint32_t index = 0;
    std::uint32_t used = 0;
    std::uint32_t cut = 0;  // blocks that have ever been given out; what lies behind them has not been touched

    std::size_t block_size() const noexcept { return (index + 1) * BlockSlabs::step; }
    std::size_t capacity() const noexcept { return (huge_page - sizeof(Slab)) / block_size(); }
    bool is_full() const noexcept { return used == capacity(); }

    static Slab& of(const void* block) noexcept {
        return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(huge_page - 1));
    }
    static Slab* make(std::size_t index) {
        void* const memory = ::operator new (huge_page, std::align_val_t{huge_page});
#if defined(__linux__)
        ::madvise(memory, huge_page, MADV_HUGEPAGE);  // advice: where it is not taken, pages are small
#endif
        auto* const made = ::new (memory) Slab;
        made->index = static_cast<std::uint32_t>(index);
        return made;
    }
    static void destroy(Slab* slab) noexcept {
        ::operator delete (slab, std::align_val_t{huge_page});
    }

    /// Not of a full one.
    FreeBlock* take() noexcept {
        ++used;
        if (free != nullptr) return std::exchange(free, free->next);
        return ::new (reinterpret_cast<std::byte*>(this + 1) + cut++ * block_size()) FreeBlock{nullptr};
    }
    void give_back(FreeBlock& block) noexcept {
        block.next = std::exchange(free, &block);
        --used;
    }
};

/// Never destroyed: threads give back blocks until they end.
struct Slabs {
    std::mutex mutex;
    std::array<Slab*, BlockSlabs::classes> with_room HINDSIGHT_GUARDED_BY(mutex){};

    static Slabs& instance() {
        static auto* const slabs = new Slabs;
        return *slabs;
    }

    void link_locked(Slab& slab) noexcept HINDSIGHT_REQUIRES(mutex) {
        Slab*& first = with_room[slab.index];
        slab.previous = nullptr;
        slab.next = first;
        if (first != nullptr) first->previous = &slab;
        first = &slab;
    }
    void unlink_locked(Slab& slab) noexcept HINDSIGHT_REQUIRES(mutex) {
        (slab.previous != nullptr ? slab.previous->next : with_room[slab.index]) = slab.next;
        if (slab.next != nullptr) slab.next->previous = slab.previous;
    }
    FreeBlock& take_locked(Slab& slab) noexcept HINDSIGHT_REQUIRES(mutex) {
        FreeBlock& block = *slab.take();
        if (slab.is_full()) unlink_locked(slab);
        return block;
    }
    /// The slab, if it is to be destroyed.
    Slab* give_back_locked(FreeBlock& block) noexcept HINDSIGHT_REQUIRES(mutex) {
        Slab& slab = Slab::of(&block);
        const bool was_full = slab.is_full();
        slab.give_back(block);
        if (was_full) link_locked(slab);
        // One stays, or a block that comes and goes would bring its slab along each time.
        if (slab.used > 0 || (slab.previous == nullptr && slab.next == nullptr)) return nullptr;
        unlink_locked(slab);
        return &slab;
    }
};

}  // namespace block_slabs

HINDSIGHT_INLINE FreeBlock* BlockSlabs::take(std::size_t index, std::size_t most) {
    auto& slabs = block_slabs::Slabs::instance();
    std::unique_lock lock(slabs.mutex);
    block_slabs::Slab*& first = slabs.with_room[index];
    if (first == nullptr) {
        lock.unlock();
        block_slabs::Slab* const fresh = block_slabs::Slab::make(index);
        lock.lock();
        slabs.link_locked(*fresh);
    }
    FreeBlock* chain = nullptr;
    for (std::size_t taken = 0; taken < most && first != nullptr; ++taken) {
        FreeBlock& block = slabs.take_locked(*first);
        block.next = std::exchange(chain, &block);
    }
    return chain;
}

HINDSIGHT_INLINE void BlockSlabs::give_back(FreeBlock* chain) noexcept {
    auto& slabs = block_slabs::Slabs::instance();
    block_slabs::Slab* unused = nullptr;
    {
        const std::lock_guard lock(slabs.mutex);
        while (chain != nullptr) {
            FreeBlock& block = *std::exchange(chain, chain->next);
            block_slabs::Slab* const slab = slabs.give_back_locked(block);
            if (slab != nullptr) slab->next = std::exchange(unused, slab);
        }
    }
    while (unused != nullptr) block_slabs::Slab::destroy(std::exchange(unused, unused->next));
}

}  // namespace hindsight::detail

// BlockSlabs: where the envelopes of large histories lie. A query looks at a hundred envelopes in as many places; in
// pages of the usual size each look costs a walk through the page tables, which takes longer than fetching the record
// does. As long as some history is large, blocks of the cached sizes are cut from slabs that lie in huge pages where
// the system gives them on request.
//
// A slab serves one size class and goes back to the allocator when all of its blocks are free. Its header lies at its
// beginning, where each of its blocks finds it by its address; whoever has a block knows that it is of a slab. Thread
// safe: one mutex, taken for some blocks at a time.
#pragma once

#include <hindsight/detail/api.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hindsight::detail {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// A free block.
struct FreeBlock {
    FreeBlock* next;
};

class HINDSIGHT_API BlockSlabs {
public:
    static constexpr std::size_t step = 32;
    static constexpr std::size_t classes = 16;  // up to 512 bytes

    /// While there is one, some history is large.
    class LargeHistory {
    public:
        explicit LargeHistory(bool is_large) noexcept : is_large_(is_large) { large_ += is_large_ ? 1u : 0u; }
        LargeHistory(LargeHistory&& other) noexcept : LargeHistory(other.is_large_) {}
        LargeHistory& operator=(LargeHistory&& other) noexcept {
            large_ += (other.is_large_ ? 1u : 0u) - (is_large_ ? 1u : 0u);
            is_large_ = other.is_large_;
            return *this;
        }
        ~LargeHistory() { large_ -= is_large_ ? 1u : 0u; }

    private:
        bool is_large_;
    };
    static bool wanted() noexcept { return large_.load(std::memory_order_relaxed) != 0; }

    /// A chain of at least one block of the class, and `most` at most. Throws std::bad_alloc.
    static FreeBlock* take(std::size_t index, std::size_t most);
    /// Of any classes.
    static void give_back(FreeBlock* chain) noexcept;

private:
    static constinit std::atomic<std::uint32_t> large_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/block_slabs.ipp>
#endif

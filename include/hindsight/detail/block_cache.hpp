// BlockCache: gives freed envelopes to the next ones of their size, within a thread, before the allocator is asked, or
// where some history is large, the slabs (see block_slabs.hpp).
//
// Each thread keeps a few blocks a size class, those of slabs apart. A block may be freed on another thread than it was
// taken on; it then serves that one. What is over a class's limit, or over the largest class, goes back at once, and so
// does everything under the address sanitizer, which could not see a use after free otherwise.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/block_slabs.hpp>

#include <cstddef>
#include <new>

namespace hindsight::detail {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool recycles_blocks = false;
#elif defined(__has_feature)
inline constexpr bool recycles_blocks = !__has_feature(address_sanitizer);
#else
inline constexpr bool recycles_blocks = true;
#endif

class BlockCache {
public:
    struct Block {
        void* memory;
        bool of_slab;
    };

    /// Throws std::bad_alloc.
    static Block take(std::size_t size) {
        const std::size_t index = class_of(size);
        if (index >= classes) return {::operator new(size), false};
        const bool of_slab = recycles_blocks && BlockSlabs::wanted();
        Class& of_size = cache_.of_size[of_slab ? 1 : 0][index];
        if (of_size.first == nullptr) {
            if (!of_slab) return {::operator new((index + 1) * step), false};
            refill(index);
        }
        FreeBlock* const block = of_size.first;
        of_size.first = block->next;
        --of_size.count;
        return {block, of_slab};
    }

    static void give_back(const Block& block, std::size_t size) noexcept {
        const std::size_t index = class_of(size);
        if (index >= classes) return ::operator delete(block.memory);
        Class& of_size = cache_.of_size[block.of_slab ? 1 : 0][index];
        if (of_size.count >= cache_.limit) return give_up(block, index);
        of_size.first = ::new (block.memory) FreeBlock{of_size.first};
        ++of_size.count;
    }

    /// Back to where blocks come from.
    static void free(const Block& block) noexcept {
        if (block.of_slab) {
            BlockSlabs::give_back(::new (block.memory) FreeBlock{nullptr});
        } else {
            ::operator delete(block.memory);
        }
    }

private:
    static constexpr std::size_t step = BlockSlabs::step;
    static constexpr std::size_t classes = BlockSlabs::classes;

    struct Class {
        FreeBlock* first = nullptr;
        std::size_t count = 0;
    };
    struct Cache {
        Class of_size[2][classes];  // of the allocator, and of slabs
        std::size_t limit = 0;      // blocks a class; 0 before the thread's first use, and once it is ending
    };

    static std::size_t class_of(std::size_t size) noexcept { return (size - 1) / step; }
    /// From now on the thread keeps some blocks, until it ends.
    static void begin_to_keep() noexcept;
    HINDSIGHT_API static void refill(std::size_t index);
    HINDSIGHT_API static void give_up(const Block& block, std::size_t index) noexcept;

    HINDSIGHT_API static thread_local constinit Cache cache_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/block_cache.ipp>
#endif

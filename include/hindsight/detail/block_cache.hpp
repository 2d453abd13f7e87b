// BlockCache: gives freed envelopes to the next ones of their size, within a thread, before the allocator is asked.
//
// Each thread keeps a few blocks a size class. A block may be freed on another thread than it was taken on; it then
// serves that one. What is over a class's limit, or over the largest class, goes back to the allocator at once, and so
// does everything under the address sanitizer, which could not see a use after free otherwise.
#pragma once

#include <hindsight/detail/api.hpp>

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
    /// Throws std::bad_alloc.
    static void* take(std::size_t size) {
        const std::size_t index = class_of(size);
        if (index >= classes) return ::operator new(size);
        Class& of_size = cache_.of_size[index];
        if (of_size.first == nullptr) return ::operator new((index + 1) * step);
        Free* const block = of_size.first;
        of_size.first = block->next;
        --of_size.count;
        return block;
    }

    static void give_back(void* memory, std::size_t size) noexcept {
        const std::size_t index = class_of(size);
        if (index >= classes || cache_.of_size[index].count >= cache_.limit) return give_up(memory);
        Class& of_size = cache_.of_size[index];
        of_size.first = ::new (memory) Free{of_size.first};
        ++of_size.count;
    }

    /// Back to the allocator.
    static void free(void* memory) noexcept { ::operator delete(memory); }

private:
    static constexpr std::size_t step = 32;
    static constexpr std::size_t classes = 16;  // up to 512 bytes

    struct Free {
        Free* next;
    };
    struct Class {
        Free* first = nullptr;
        std::size_t count = 0;
    };
    struct Cache {
        Class of_size[classes];
        std::size_t limit = 0;  // blocks a class; 0 before the thread's first use, and once it is ending
    };

    static std::size_t class_of(std::size_t size) noexcept { return (size - 1) / step; }
    HINDSIGHT_API static void give_up(void* memory) noexcept;

    HINDSIGHT_API static thread_local constinit Cache cache_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/block_cache.ipp>
#endif

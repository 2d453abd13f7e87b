#pragma once

#include <hindsight/detail/block_cache.hpp>

#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE thread_local constinit BlockCache::Cache BlockCache::cache_{};

namespace block_cache {

inline constexpr std::size_t limit = recycles_blocks ? 64 : 0;

/// Runs `empty` when the thread ends.
template <class F>
struct AtThreadEnd {
    explicit AtThreadEnd(F empty_) : empty(empty_) {}
    F empty;
    ~AtThreadEnd() { empty(); }
};

}  // namespace block_cache

HINDSIGHT_INLINE void BlockCache::give_up(void* memory) noexcept {
    ::operator delete(memory);
    // The first block that a thread gives back finds no room: from now on there is some, until the thread ends.
    static thread_local bool known = false;
    if (std::exchange(known, true)) return;
    cache_.limit = block_cache::limit;
    static thread_local const block_cache::AtThreadEnd at_end{[] {
        cache_.limit = 0;
        for (Class& each : cache_.of_size) {
            while (each.first != nullptr) ::operator delete(std::exchange(each.first, each.first->next));
            each.count = 0;
        }
    }};
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/block_cache.hpp>

#include <algorithm>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE thread_local constinit BlockCache::Cache BlockCache::cache_{};

namespace block_cache {

inline constexpr std::size_t limit = recycles_blocks ? 128 : 0;

/// Runs `empty` when the thread ends.
template <class F>
struct AtThreadEnd {
    explicit AtThreadEnd(F empty_) : empty(empty_) {}
    F empty;
    ~AtThreadEnd() { empty(); }
};

}  // namespace block_cache

HINDSIGHT_INLINE void BlockCache::begin_to_keep() noexcept {
    static thread_local bool known = false;
    if (std::exchange(known, true)) return;
    cache_.limit = block_cache::limit;
    static thread_local const block_cache::AtThreadEnd at_end{[] {
        cache_.limit = 0;
        for (Class& each : cache_.of_size[0]) {
            while (each.first != nullptr) ::operator delete(std::exchange(each.first, each.first->next));
            each.count = 0;
        }
        for (Class& each : cache_.of_size[1]) {
            BlockSlabs::give_back(std::exchange(each.first, nullptr));
            each.count = 0;
        }
    }};
}

HINDSIGHT_INLINE void BlockCache::refill(std::size_t index) {
    begin_to_keep();
    Class& of_size = cache_.of_size[1][index];
    of_size.first = BlockSlabs::take(index, std::max<std::size_t>(1, cache_.limit / 2));
    for (const FreeBlock* each = of_size.first; each != nullptr; each = each->next) ++of_size.count;
}

HINDSIGHT_INLINE void BlockCache::give_up(const Block& block, std::size_t index) noexcept {
    // The first block that a thread gives back finds no room: from now on there is some.
    begin_to_keep();
    if (!block.of_slab) return ::operator delete(block.memory);
    // Half of what was kept goes along, so that the slabs' mutex is seldom taken.
    Class& of_size = cache_.of_size[1][index];
    FreeBlock* chain = ::new (block.memory) FreeBlock{nullptr};
    for (std::size_t rest = of_size.count / 2; rest > 0; --rest, --of_size.count) {
        FreeBlock* const each = std::exchange(of_size.first, of_size.first->next);
        each->next = std::exchange(chain, each);
    }
    BlockSlabs::give_back(chain);
}

}  // namespace hindsight::detail

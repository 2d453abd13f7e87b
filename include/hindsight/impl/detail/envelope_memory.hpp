// Where envelopes get their memory, and give it back.
#pragma once

#include <hindsight/detail/block_cache.hpp>
#include <hindsight/detail/envelope.hpp>

#include <cstddef>
#include <new>

namespace hindsight::detail {

namespace envelope {

static_assert(alignof(Envelope) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

inline bool is_over_aligned(const EventType& type) noexcept {
    return type.alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
}

/// One with room for so many bytes in all, that says nothing yet. Throws std::bad_alloc.
inline Envelope* make_empty(const EventType& type, std::size_t size) {
    if (is_over_aligned(type)) return ::new (::operator new (size, std::align_val_t{type.alignment})) Envelope;
    const BlockCache::Block block = BlockCache::take(size);
    auto* const made = ::new (block.memory) Envelope;
    made->of_slab = block.of_slab;
    return made;
}

inline void free(Envelope* envelope) noexcept {
    const EventType& type = *envelope->type;
    const std::size_t size = envelope->allocated();
    const bool of_slab = envelope->of_slab;
    envelope->~Envelope();
    if (is_over_aligned(type)) {
        ::operator delete (envelope, std::align_val_t{type.alignment});
    } else {
        BlockCache::give_back({envelope, of_slab}, size);
    }
}

}  // namespace envelope

}  // namespace hindsight::detail

// SpareEnvelope: the last plain envelope that a thread has destroyed, kept for its next plain event of the same type:
// what an envelope says of such events is there already, but for what differs from one to the next.
//
// Only the thread of its slot touches it. It holds no payload. Its type may have been unloaded meanwhile, so that is
// compared, never read; another one that has come to lie at the same address has another identity. None is kept under
// the address sanitizer, which could not see a use after free otherwise.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/block_cache.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace hindsight::detail {

struct Envelope;
struct EventType;

class SpareEnvelope {
public:
    /// The largest that is kept, in bytes.
    static constexpr std::size_t max_size = 512;

    SpareEnvelope() noexcept = default;
    SpareEnvelope(const SpareEnvelope&) = delete;
    SpareEnvelope& operator=(const SpareEnvelope&) = delete;
    ~SpareEnvelope() { drop(); }

    /// Keeps a plain envelope without its payload, to which there is no reference left; false if there is one already
    /// that is still of use. `of_slab`: where its memory is from, see block_cache.hpp. `identity`: of its type.
    bool keep(Envelope& envelope, bool of_slab, const EventType& type, std::uint64_t identity) noexcept {
        if (!recycles_blocks) return false;
        if (envelope_ != nullptr) [[unlikely]] {
            if (misses_ < patience) return false;
            drop();
        }
        misses_ = 0;
        envelope_ = &envelope;
        of_slab_ = of_slab;
        type_ = &type;
        identity_ = identity;
        return true;
    }

    /// Null if there is none of that type.
    HINDSIGHT_ALWAYS_INLINE Envelope* take(const EventType& type, std::uint64_t identity) noexcept {
        if (type_ != &type || identity_ != identity) [[unlikely]] {
            ++misses_;
            return nullptr;
        }
        return std::exchange(envelope_, nullptr);
    }

    /// The destructor of an envelope does nothing, so its memory is all that there is to free.
    void drop() noexcept {
        if (envelope_ != nullptr) BlockCache::free({std::exchange(envelope_, nullptr), of_slab_});
    }

private:
    /// How many events of other types may come in a row before theirs takes its place.
    static constexpr unsigned patience = 16;

    Envelope* envelope_ = nullptr;
    bool of_slab_ = false;
    const EventType* type_ = nullptr;
    std::uint64_t identity_ = 0;
    unsigned misses_ = 0;  // since it was kept
};

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

#include <type_traits>

namespace hindsight::detail {

static_assert(std::is_trivially_destructible_v<Envelope>, "see SpareEnvelope::drop");

HINDSIGHT_INLINE void destroy(Envelope* envelope) noexcept {
    const EventType& type = *envelope->type;
    if (!envelope->has(Envelope::has_payload)) [[unlikely]]
        return envelope::free(envelope);
    if (type.destroy != nullptr) type.destroy(const_cast<void*>(envelope->payload()));
    if (ThreadSlot* const slot = ThreadSlot::current_or_null()) [[likely]] {
        type.payloads->destroyed.add(*slot);
        if (envelope->has(Envelope::plain) && slot->spare.keep(*envelope, envelope->of_slab, type, type.identity))
            return;
    } else {
        type.payloads->destroyed.add_shared();
    }
    envelope::free(envelope);
}

}  // namespace hindsight::detail

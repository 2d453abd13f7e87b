#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

namespace hindsight::detail {

HINDSIGHT_INLINE void destroy(Envelope* envelope) noexcept {
    const EventType& type = *envelope->type;
    if (const void* payload = envelope->payload()) {
        if (type.destroy != nullptr) type.destroy(const_cast<void*>(payload));
        if (const ThreadSlot* slot = ThreadSlot::current_or_null()) [[likely]] {
            type.payloads->destroyed.add(*slot);
        } else {
            type.payloads->destroyed.add_shared();
        }
    }
    envelope::free(envelope);
}

}  // namespace hindsight::detail

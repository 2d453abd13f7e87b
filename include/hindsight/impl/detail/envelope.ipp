#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

namespace hindsight::detail {

HINDSIGHT_INLINE void destroy(Envelope* envelope) noexcept {
    const EventType& type = *envelope->type;
    if (const void* payload = envelope->payload()) {
        if (type.destroy != nullptr) type.destroy(const_cast<void*>(payload));
        type.payloads->destroyed.add(ThreadSlot::current());
    }
    envelope::free(envelope);
}

}  // namespace hindsight::detail

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
    envelope::free(envelope, type);
}

HINDSIGHT_INLINE std::size_t Envelope::footprint() const noexcept {
    std::size_t metadata_bytes = 0;
    const char* at = metadata();
    for (std::uint16_t i = 0; i < metadata_count; ++i) {
        const std::size_t entry = metadata_entry_size(at);
        metadata_bytes += entry;
        at += entry;
    }
    const std::size_t texts_bytes = std::size_t{name_size} + source_size + key_size + correlation_size + metadata_bytes;
    return sizeof(Envelope) + texts_bytes + (has(has_payload) ? payload_bytes : 0);
}

}  // namespace hindsight::detail

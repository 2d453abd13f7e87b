// Makes envelopes of others: what history keeps of one that is too large, what typed subscribers get of a dynamic
// event, the same event once more.
#pragma once

#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace hindsight::detail {

namespace envelope {

/// Makes an envelope of this type with the header and the texts of another, but for the first `skipped` bytes of these;
/// they are to begin at `text_offset`. Its payload is still to be made. Throws std::bad_alloc.
inline Envelope* make_like(const Envelope& other, const EventType& type, std::size_t text_offset,
                           std::size_t skipped = 0) {
    const std::size_t texts = other.text_bytes - skipped;
    Envelope* const made = make_empty(type, text_offset + texts);
    made->cause = other.cause;
    made->time = other.time;
    made->origin = other.origin;
    made->type = &type;
    made->payload_bytes = other.payload_bytes;
    made->footprint = other.footprint;
    made->text_offset = static_cast<std::uint32_t>(text_offset);
    made->text_bytes = static_cast<std::uint32_t>(texts);
    made->severity = other.severity;
    made->flags = static_cast<std::uint8_t>(other.flags & ~(Envelope::plain | Envelope::converted));
    made->name_size = other.name_size;
    made->category_size = other.category_size;
    made->source_size = other.source_size;
    made->key_size = other.key_size;
    made->correlation_size = other.correlation_size;
    made->scope_size = other.scope_size;
    made->metadata_count = other.metadata_count;
    std::memcpy(reinterpret_cast<char*>(made) + text_offset,
                reinterpret_cast<const char*>(&other) + other.text_offset + skipped, texts);
    return made;
}

}  // namespace envelope

/// The record of a dynamic event with its payload as another type reads it, for that type's subscriptions. Throws
/// std::bad_alloc and what the conversion throws.
inline EnvelopePtr make_converted(const Envelope& whole, const Conversion& conversion, const ThreadSlot& slot) {
    const EventType& type = *conversion.to;
    const std::size_t text_offset = Envelope::payload_offset(type) + type.size;
    Envelope* const made = envelope::make_like(whole, type, text_offset, whole.name_size);  // the type has the name
    made->name_size = 0;
    made->footprint = made->allocated();
    made->flags |= Envelope::converted;
    return with_payload(*made, slot, [&](void* where) { conversion.construct(where, whole.payload()); });
}

/// What history keeps of an event whose payload is too large. Throws std::bad_alloc.
inline EnvelopePtr make_without_payload(const Envelope& whole) {
    Envelope* const made = envelope::make_like(whole, *whole.type, sizeof(Envelope));
    made->footprint = made->allocated();
    made->flags = static_cast<std::uint8_t>((made->flags & ~Envelope::has_payload) | Envelope::truncated);
    return EnvelopePtr(made);
}

/// The same event once more, with another stamp, of which the correlation does not count. Its type can be copied, and
/// its payload is there. Throws std::bad_alloc, or what copying the payload throws.
inline EnvelopePtr make_again(const Envelope& recorded, const Stamp& stamp, const ThreadSlot& slot) {
    const EventType& type = *recorded.type;
    Envelope* const made = envelope::make_like(recorded, type, Envelope::payload_offset(type) + type.size);
    made->cause = stamp.cause;
    made->time = stamp.time;
    made->origin = stamp.origin;
    made->flags = static_cast<std::uint8_t>(stamp.flags | Envelope::has_payload);
    return with_payload(*made, slot, [&](void* where) { type.copy(where, recorded.payload()); });
}

}  // namespace hindsight::detail

// Makes envelopes of what is known of events that happened before: in a file, or in another history.
#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace hindsight::detail {

/// All that an envelope says.
struct RestoredEvent {
    const EventType& type;
    draft::Texts texts = {};
    Seq seq = 0;
    std::uint64_t origin = 0;
    TimePoint time{};
    Seq cause = 0;
    Severity severity{};
    std::uint8_t flags = 0;
    std::size_t payload_bytes = 0;  // as it was counted then
};

/// `construct(where)` makes the payload, unless the event was truncated. Throws std::bad_alloc and what it throws.
template <class Construct>
EnvelopePtr make_restored(const RestoredEvent& event, Construct construct) {
    const EventType& type = event.type;
    const bool has_payload = (event.flags & Envelope::truncated) == 0;
    const std::size_t payload_offset = has_payload ? Envelope::payload_offset(type) : sizeof(Envelope);
    const std::size_t text_offset = payload_offset + (has_payload ? type.size : 0);
    const std::size_t text_bytes = event.texts.bytes();

    Envelope* const made = envelope::make_empty(type, text_offset + text_bytes);
    made->seq = event.seq;
    made->cause = event.cause;
    made->time = event.time;
    made->origin = event.origin;
    made->type = &type;
    made->payload_bytes = event.payload_bytes;
    made->footprint = payload_offset + text_bytes;
    if (has_payload) made->footprint = std::max(made->footprint + event.payload_bytes, event.payload_bytes);
    made->text_offset = static_cast<std::uint32_t>(text_offset);
    made->text_bytes = static_cast<std::uint32_t>(text_bytes);
    made->severity = event.severity;
    made->flags = event.flags;
    made->category_size = type.category_size;
    event.texts.append_to(*made);
    if (!has_payload) return EnvelopePtr(made);
    made->flags |= Envelope::has_payload;
    return with_payload(*made, ThreadSlot::current(), construct);
}

/// A record that belongs to nobody else, with the same event. Throws std::bad_alloc and what copying the payload
/// throws; the payload's type can be copied, or it has none.
inline EnvelopePtr copy_of(const Envelope& whole) {
    const EventType& type = *whole.type;
    Envelope* const made = envelope::make_like(whole, type, whole.text_offset);
    made->seq = whole.seq;
    const void* const payload = whole.payload();
    if (payload == nullptr) return EnvelopePtr(made);
    return with_payload(*made, ThreadSlot::current(), [&](void* where) { type.copy(where, payload); });
}

}  // namespace hindsight::detail

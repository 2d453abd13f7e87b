// Makes an event's envelope of its draft. Inline, for the emit path.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

namespace hindsight::detail {

namespace draft {

inline char* append(char* at, std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

inline char* append_size(char* at, std::size_t size) noexcept {
    const auto narrow = static_cast<std::uint32_t>(size);
    std::memcpy(at, &narrow, sizeof narrow);
    return at + sizeof narrow;
}

inline std::string_view key_of(const Draft& draft) noexcept {
    if (!draft.options.key.empty()) return draft.options.key;
    return draft.key.empty() ? draft.options.source : draft.key;
}

/// Writes the texts behind the payload, where there is room for them.
inline void append_texts(Envelope& to, const Draft& draft, std::string_view own_name, std::string_view key,
                         std::string_view correlation) noexcept {
    const EmitOptions& options = draft.options;
    to.name_size = static_cast<std::uint8_t>(own_name.size());
    if (!own_name.empty()) to.category_size = static_cast<std::uint8_t>(category_of(own_name).size());
    to.source_size = static_cast<std::uint16_t>(options.source.size());
    to.key_size = static_cast<std::uint16_t>(key.size());
    to.correlation_size = static_cast<std::uint16_t>(correlation.size());
    to.metadata_count = static_cast<std::uint16_t>(options.metadata.size());

    char* at = reinterpret_cast<char*>(&to) + to.text_offset;
    at = append(at, own_name);
    at = append(at, options.source);
    at = append(at, key);
    at = append(at, correlation);
    for (const auto& [name, value] : options.metadata) {
        at = append_size(at, name.size());
        at = append_size(at, value.size());
        at = append(at, name);
        at = append(at, value);
    }
}

}  // namespace draft

/// Makes the envelope of a checked draft. Throws std::bad_alloc, or what copying the payload throws.
inline EnvelopePtr make_envelope(const Draft& draft, const Stamp& stamp, const ThreadSlot& slot) {
    const EventType& type = draft.type;
    const EmitOptions& options = draft.options;
    const std::string_view own_name = type.self_named ? draft.name : std::string_view();
    const std::string_view key = draft::key_of(draft);
    const std::size_t offset = Envelope::payload_offset(type) + type.size;
    std::size_t size = offset + own_name.size() + options.source.size() + key.size() + stamp.correlation.size();
    for (const auto& [name, value] : options.metadata) size += 2 * sizeof(std::uint32_t) + name.size() + value.size();

    void* const memory = envelope::allocate(type, size);
    auto* const made = ::new (memory) Envelope;
    made->type = &type;
    made->text_bytes = static_cast<std::uint32_t>(size - offset);
    made->category_size = type.category_size;
    made->text_offset = static_cast<std::uint32_t>(offset);
    // Before the payload: the event's own name and key are views into the event, which may be moved from then.
    if (size > offset) draft::append_texts(*made, draft, own_name, key, stamp.correlation);
    try {
        void* const payload = static_cast<char*>(memory) + Envelope::payload_offset(type);
        if (draft.may_move) {
            type.move(payload, const_cast<void*>(draft.event));
        } else {
            type.copy(payload, draft.event);
        }
    } catch (...) {
        envelope::free(made);
        throw;
    }
    type.payloads->made.add(slot);
    made->cause = stamp.cause;
    made->time = stamp.time;
    made->origin = stamp.origin;
    made->payload_bytes = draft.payload_bytes;
    // The sum could be beyond the largest number, for an event that says that it is.
    made->footprint = std::max(size - type.size + draft.payload_bytes, draft.payload_bytes);
    made->severity = options.severity.value_or(type.severity);
    made->flags = static_cast<std::uint8_t>(stamp.flags | Envelope::has_payload);
    return EnvelopePtr(made);
}

/// What history keeps of an event whose payload is too large. Throws std::bad_alloc.
inline EnvelopePtr make_without_payload(const Envelope& whole) {
    const std::size_t texts = whole.text_bytes;
    void* const memory = envelope::allocate(*whole.type, sizeof(Envelope) + texts);
    auto* const made = ::new (memory) Envelope;
    made->cause = whole.cause;
    made->time = whole.time;
    made->origin = whole.origin;
    made->type = whole.type;
    made->payload_bytes = whole.payload_bytes;
    made->footprint = sizeof(Envelope) + texts;
    made->text_offset = sizeof(Envelope);
    made->text_bytes = whole.text_bytes;
    made->severity = whole.severity;
    made->flags = static_cast<std::uint8_t>((whole.flags & ~Envelope::has_payload) | Envelope::truncated);
    made->name_size = whole.name_size;
    made->category_size = whole.category_size;
    made->source_size = whole.source_size;
    made->key_size = whole.key_size;
    made->correlation_size = whole.correlation_size;
    made->metadata_count = whole.metadata_count;
    std::memcpy(static_cast<char*>(memory) + sizeof(Envelope),
                reinterpret_cast<const char*>(&whole) + whole.text_offset, texts);
    return EnvelopePtr(made);
}

}  // namespace hindsight::detail

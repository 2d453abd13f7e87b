// Makes an event's envelope of its draft. Inline, for the emit path.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

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
    return draft.key().empty() ? draft.options.source : draft.key();
}

/// What an envelope's texts are made of.
struct Texts {
    std::string_view own_name, source, key, correlation, scope;
    Draft::Metadata metadata;

    std::size_t bytes() const noexcept {
        std::size_t total = own_name.size() + source.size() + key.size() + correlation.size() + scope.size();
        for (const auto& [name, value] : metadata) total += 2 * sizeof(std::uint32_t) + name.size() + value.size();
        return total;
    }

    /// Writes them behind the payload, where there is room for them.
    void append_to(Envelope& envelope) const noexcept {
        envelope.name_size = static_cast<std::uint8_t>(own_name.size());
        if (!own_name.empty()) envelope.category_size = static_cast<std::uint8_t>(category_of(own_name).size());
        envelope.source_size = static_cast<std::uint16_t>(source.size());
        envelope.key_size = static_cast<std::uint16_t>(key.size());
        envelope.correlation_size = static_cast<std::uint16_t>(correlation.size());
        envelope.scope_size = static_cast<std::uint8_t>(scope.size());
        envelope.metadata_count = static_cast<std::uint16_t>(metadata.size());

        char* at = reinterpret_cast<char*>(&envelope) + envelope.text_offset;
        at = append(at, own_name);
        at = append(at, source);
        at = append(at, key);
        at = append(at, correlation);
        at = append(at, scope);
        for (const auto& [name, value] : metadata) {
            at = append_size(at, name.size());
            at = append_size(at, value.size());
            at = append(at, name);
            at = append(at, value);
        }
    }
};

inline Texts texts_of(const Draft& draft, std::string_view correlation) noexcept {
    return {.own_name = draft.type.self_named ? draft.name() : std::string_view(),
            .source = draft.options.source,
            .key = key_of(draft),
            .correlation = correlation,
            .scope = draft.scope(),
            .metadata = draft.metadata()};
}

// Out of the way of the events that have none.
[[gnu::noinline]] inline std::size_t bytes_of_texts(const Draft& draft, std::string_view correlation) noexcept {
    return texts_of(draft, correlation).bytes();
}
[[gnu::noinline]] inline void append_texts(Envelope& to, const Draft& draft, std::string_view correlation) noexcept {
    texts_of(draft, correlation).append_to(to);
}

}  // namespace draft

/// To a header with type and sizes of texts.
inline void set_payload_bytes(Envelope& envelope, std::size_t payload_bytes) noexcept {
    envelope.payload_bytes = payload_bytes;
    // The sum could be beyond the largest number, for an event that says that it is.
    envelope.footprint =
        std::max(Envelope::payload_offset(*envelope.type) + envelope.text_bytes + payload_bytes, payload_bytes);
}

/// Makes the payload of an envelope whose header is ready, by `construct(where)`. Frees the envelope and throws what
/// that throws.
template <class Construct>
HINDSIGHT_ALWAYS_INLINE void make_payload(Envelope& envelope, Construct construct) {
    const EventType& type = *envelope.type;
    try {
        construct(reinterpret_cast<char*>(&envelope) + Envelope::payload_offset(type));
    } catch (...) {
        envelope::free(&envelope);
        throw;
    }
}

inline void count_payload(const Envelope& envelope, const ThreadSlot& slot) noexcept {
    envelope.type->payloads->made.add(slot);
}

/// Makes and counts it.
template <class Construct>
EnvelopePtr with_payload(Envelope& envelope, const ThreadSlot& slot, Construct construct) {
    make_payload(envelope, construct);
    count_payload(envelope, slot);
    return EnvelopePtr(&envelope);
}

/// Makes it from a draft.
HINDSIGHT_ALWAYS_INLINE void make_payload(Envelope& envelope, const Draft& draft) {
    make_payload(envelope, [&](void* where) {
        if (draft.may_move) {
            draft.type.move(where, const_cast<void*>(draft.event));
        } else {
            draft.type.copy(where, draft.event);
        }
    });
}

/// Makes the envelope of a checked draft. Throws std::bad_alloc, or what copying the payload throws.
[[gnu::noinline]] inline EnvelopePtr make_envelope(const Draft& draft, const Stamp& stamp, const ThreadSlot& slot) {
    const EventType& type = draft.type;
    const bool has_texts = !draft.brief || !stamp.correlation.empty();
    const std::size_t text_bytes = has_texts ? draft::bytes_of_texts(draft, stamp.correlation) : 0;
    const std::size_t payload_offset = Envelope::payload_offset(type);
    const std::size_t text_offset = payload_offset + type.size;

    // All of the header comes before the payload's copy, behind which compilers have to forget what they know of it.
    Envelope* const made = envelope::make_empty(type, text_offset + text_bytes);
    made->cause = stamp.cause;
    made->time = stamp.time;
    made->origin = stamp.origin;
    made->type = &type;
    made->text_offset = static_cast<std::uint32_t>(text_offset);
    made->text_bytes = static_cast<std::uint32_t>(text_bytes);
    set_payload_bytes(*made, draft.payload_bytes);
    made->severity = draft.brief ? type.severity : draft.options.severity.value_or(type.severity);
    const bool plain =
        draft.brief && stamp.is_plain() && !envelope::is_over_aligned(type) && text_offset <= SpareEnvelope::max_size;
    made->flags = static_cast<std::uint8_t>(stamp.flags | Envelope::has_payload | (plain ? Envelope::plain : 0));
    made->category_size = type.category_size;
    // The event's own name and key are views into the event, which may be moved from then.
    if (has_texts) {
        draft::append_texts(*made, draft, stamp.correlation);
        if (draft.options.time) made->flags |= Envelope::dated;
    }
    make_payload(*made, draft);
    count_payload(*made, slot);
    return EnvelopePtr(made);
}

/// Makes the envelope of a brief draft of the thread's spare one, which has its type. The payload is not counted. Frees
/// it and throws what copying the payload throws.
HINDSIGHT_ALWAYS_INLINE void make_envelope_of_spare(Envelope& spare, const Draft& draft, TimePoint time,
                                                    std::uint64_t origin) {
    spare.holders.store(Envelope::one_reference, std::memory_order_relaxed);
    spare.time = time;
    spare.origin = origin;
    spare.severity = draft.type.severity;  // of the type as it was loaded last
    if (spare.payload_bytes != draft.payload_bytes) [[unlikely]]
        set_payload_bytes(spare, draft.payload_bytes);
    make_payload(spare, draft);
}

/// The same for an event outside handlers, with its draft's own stamp. Takes the thread's spare envelope where it will
/// do.
HINDSIGHT_ALWAYS_INLINE EnvelopePtr make_envelope_outside(const Draft& draft, TimePoint time, std::uint64_t origin,
                                                          ThreadSlot& slot) {
    Envelope* const spare = draft.brief ? slot.spare.take(draft.type, draft.type.identity) : nullptr;
    if (spare == nullptr) [[unlikely]]
        return make_envelope(draft, stamp_of(draft, time, origin), slot);
    make_envelope_of_spare(*spare, draft, time, origin);
    count_payload(*spare, slot);
    return EnvelopePtr(spare);
}

/// The same for one that follows a plain one of its type: what that says, but for the payload, is true of it, too.
HINDSIGHT_ALWAYS_INLINE EnvelopePtr make_envelope_after(const Envelope& like, const Draft& draft, TimePoint time,
                                                        ThreadSlot& slot) {
    Envelope* made = slot.spare.take(draft.type, draft.type.identity);
    if (made == nullptr) {
        made = envelope::make_empty(draft.type, like.allocated());
        made->type = like.type;
        made->text_offset = like.text_offset;
        made->payload_bytes = like.payload_bytes;
        made->footprint = like.footprint;
        made->flags = like.flags;
        made->category_size = like.category_size;
    }
    make_envelope_of_spare(*made, draft, time, like.origin);
    count_payload(*made, slot);
    return EnvelopePtr(made);
}

}  // namespace hindsight::detail

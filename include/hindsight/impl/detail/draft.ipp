#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/envelope_memory.hpp>

#include <cstring>
#include <limits>
#include <new>
#include <string>

namespace hindsight::detail {

namespace draft {

inline void require_short(std::string_view what, std::size_t size, std::size_t most) {
    if (size > most) {
        throw InvalidArgument("emit: " + std::string(what) + " has " + std::to_string(size) + " bytes; " +
                              std::to_string(most) + " are allowed");
    }
}

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

}  // namespace draft

HINDSIGHT_INLINE void check(const Draft& draft) {
    constexpr std::size_t short_text = std::numeric_limits<std::uint16_t>::max();
    constexpr std::size_t long_text = std::numeric_limits<std::uint32_t>::max() / 4;
    if (draft.type.self_named) {
        require_valid_name(draft.name);
        if (is_library_name(draft.name)) {
            throw InvalidName("\"" + std::string(draft.name) + "\": names that begin with \"hindsight\" are the library's");
        }
    }
    draft::require_short("the source", draft.options.source.size(), short_text);
    draft::require_short("the key", draft::key_of(draft).size(), short_text);
    draft::require_short("the correlation", draft.options.correlation.size(), short_text);
    if (draft.options.metadata.size() > short_text) {
        throw InvalidArgument("emit: more than " + std::to_string(short_text) + " metadata entries");
    }
    std::size_t total = 0;
    for (const auto& [name, value] : draft.options.metadata) total += name.size() + value.size();
    draft::require_short("the metadata", total, long_text);
}

HINDSIGHT_INLINE EnvelopePtr make_envelope(const Draft& draft, const Stamp& stamp, bool with_payload) {
    const EventType& type = draft.type;
    const std::string_view own_name = type.self_named ? draft.name : std::string_view();
    const std::string_view key = draft::key_of(draft);
    const std::size_t offset = with_payload ? Envelope::payload_offset(type) + type.size : sizeof(Envelope);
    std::size_t size = offset + own_name.size() + draft.options.source.size() + key.size() + stamp.correlation.size();
    for (const auto& [name, value] : draft.options.metadata) {
        size += 2 * sizeof(std::uint32_t) + name.size() + value.size();
    }

    void* const memory = envelope::allocate(type, size);
    auto* const made = ::new (memory) Envelope;
    made->type = &type;
    if (with_payload) {
        try {
            draft.construct(static_cast<char*>(memory) + Envelope::payload_offset(type), draft.event);
        } catch (...) {
            envelope::free(made, type);
            throw;
        }
        type.payloads->made.add(ThreadSlot::current());
    }
    made->cause = stamp.cause;
    made->time = stamp.time;
    made->origin = stamp.origin;
    made->payload_bytes = draft.payload_bytes;
    made->text_offset = static_cast<std::uint32_t>(offset);
    made->severity = draft.options.severity.value_or(type.severity);
    made->flags = static_cast<std::uint8_t>(stamp.flags | (with_payload ? Envelope::has_payload : Envelope::truncated));
    made->name_size = static_cast<std::uint8_t>(own_name.size());
    made->category_size = static_cast<std::uint8_t>(category_of(type.self_named ? draft.name : type.name).size());
    made->source_size = static_cast<std::uint16_t>(draft.options.source.size());
    made->key_size = static_cast<std::uint16_t>(key.size());
    made->correlation_size = static_cast<std::uint16_t>(stamp.correlation.size());
    made->metadata_count = static_cast<std::uint16_t>(draft.options.metadata.size());

    char* at = static_cast<char*>(memory) + offset;
    at = draft::append(at, own_name);
    at = draft::append(at, draft.options.source);
    at = draft::append(at, key);
    at = draft::append(at, stamp.correlation);
    for (const auto& [name, value] : draft.options.metadata) {
        at = draft::append_size(at, name.size());
        at = draft::append_size(at, value.size());
        at = draft::append(at, name);
        at = draft::append(at, value);
    }
    return EnvelopePtr(made);
}

}  // namespace hindsight::detail

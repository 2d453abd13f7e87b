// The immutable, shared body behind a Record: one allocation that holds the header, the payload and the texts.
//
// Layout of the allocation: Envelope | payload, aligned | name (self-named types only) | source | key | correlation |
// scope | metadata (two 32-bit sizes and two texts an entry). Everything is written by the emitting thread before the
// envelope is published under the ledger's lock; afterwards only the atomic counts and the link of evicted records
// change.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace hindsight::detail {

struct Envelope {
    enum Flag : std::uint8_t {
        has_payload = 1,
        truncated = 2,    // the payload was larger than history keeps
        replayed = 4,     // emitted again from a recording
        below_error = 8,  // the library's, or emitted while handling such a one: nothing about it raises another
        plain = 16,       // says nothing beyond its type and payload, and is small: see SpareEnvelope
        converted = 32,   // made of another envelope, for typed subscriptions; see impl/detail/converted.hpp
        dated = 64,       // its time is the emitter's, and says nothing about how long it waits
    };

    // Counts in one word, so that a delivery ends in one step: the references, and above them the queued deliveries
    // that have not ended yet (see completion.hpp).
    static constexpr std::uint64_t one_reference = 1;
    static constexpr std::uint64_t one_delivery = std::uint64_t{1} << 32;

    // What queries look at comes first: for most of them one or two cache lines.
    std::atomic<std::uint64_t> holders{one_reference};
    Seq seq = 0;
    const EventType* type = nullptr;
    TimePoint time{};
    std::uint32_t text_offset = 0;  // from the start of the envelope
    Severity severity{};
    std::uint8_t flags = 0;
    std::uint8_t name_size = 0;  // 0: the type's name
    std::uint8_t category_size = 0;
    std::uint16_t source_size = 0;
    std::uint16_t key_size = 0;
    std::uint16_t correlation_size = 0;
    std::uint16_t metadata_count = 0;
    std::uint32_t text_bytes = 0;  // from the offset to the end of the allocation
    std::uint8_t scope_size = 0;   // 0: the bus itself
    bool of_slab = false;          // where its memory is from: see block_cache.hpp
    Seq cause = 0;
    std::uint64_t origin = 0;  // the random id of the bus that gave the seq: (origin, seq) is unique beyond one bus
    std::size_t payload_bytes = 0;  // as the event's traits count it
    std::size_t footprint = 0;      // against a limit on bytes: the allocation, with the payload at its declared size
    // On its way out of history, by the thread that took it out; of a converted one: what it was made of.
    Envelope* next_evicted = nullptr;

    std::size_t allocated() const noexcept { return std::size_t{text_offset} + text_bytes; }
    bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
    /// What this was made of, where it is a converted one that waits in mailboxes; else null.
    Envelope* original() const noexcept { return has(converted) ? next_evicted : nullptr; }
    bool has_key_or_source() const noexcept { return (key_size | source_size) != 0; }
    const void* payload() const noexcept { return has(has_payload) ? bytes() + payload_offset(*type) : nullptr; }

    std::string_view name() const noexcept {
        return name_size == 0 ? type->name : std::string_view(texts(), name_size);
    }
    std::string_view category() const noexcept { return name().substr(0, category_size); }
    std::string_view source() const noexcept { return {texts() + name_size, source_size}; }
    std::string_view key() const noexcept { return {texts() + name_size + source_size, key_size}; }
    std::string_view correlation() const noexcept {
        return {texts() + name_size + source_size + key_size, correlation_size};
    }
    std::string_view scope() const noexcept {
        return {texts() + name_size + source_size + key_size + correlation_size, scope_size};
    }
    const char* metadata() const noexcept { return scope().data() + scope_size; }

    /// A metadata entry is two 32-bit sizes (of its name and its value) and the two texts.
    static std::pair<std::string_view, std::string_view> metadata_entry(const char* at) noexcept {
        std::uint32_t sizes[2];
        std::memcpy(sizes, at, sizeof sizes);
        const char* const text = at + sizeof sizes;
        return {{text, sizes[0]}, {text + sizes[0], sizes[1]}};
    }
    static std::size_t metadata_entry_size(const char* at) noexcept {
        const auto [name, value] = metadata_entry(at);
        return 2 * sizeof(std::uint32_t) + name.size() + value.size();
    }

    static constexpr std::size_t payload_offset(const EventType& type) noexcept;

private:
    const char* bytes() const noexcept { return reinterpret_cast<const char*>(this); }
    const char* texts() const noexcept { return bytes() + text_offset; }
};

constexpr std::size_t Envelope::payload_offset(const EventType& type) noexcept {
    return (sizeof(Envelope) + type.alignment - 1) & ~(type.alignment - 1);
}

/// Whether it says nothing but its type, its payload and when it was emitted.
inline bool is_plain(const Envelope& envelope) noexcept {
    return envelope.flags == (Envelope::has_payload | Envelope::plain);
}

/// Whether both say nothing but their type, of which they are, and their payload, of the same size.
inline bool are_alike(const Envelope& left, const Envelope& right) noexcept {
    return left.type == right.type && is_plain(left) && left.flags == right.flags &&
           left.payload_bytes == right.payload_bytes;
}

inline void add_reference(Envelope& envelope, std::uint32_t count = 1) noexcept {
    envelope.holders.fetch_add(count * Envelope::one_reference, std::memory_order_relaxed);
}

/// Of a value of `holders`.
constexpr std::uint32_t references_in(std::uint64_t holders) noexcept {
    return static_cast<std::uint32_t>(holders);
}

/// Destroys the payload (user code) and frees the envelope.
HINDSIGHT_API void destroy(Envelope* envelope) noexcept;

/// Gives up one reference; the last one destroys the payload, which is user code: never under a lock.
inline void release(Envelope* envelope) noexcept {
    // A sole owner needs no read-modify-write: nobody is left who could add a reference.
    if (references_in(envelope->holders.load(std::memory_order_acquire)) == 1 ||
        references_in(envelope->holders.fetch_sub(Envelope::one_reference, std::memory_order_acq_rel)) == 1) {
        destroy(envelope);
    }
}

/// Owns one reference.
class EnvelopePtr {
public:
    EnvelopePtr() noexcept = default;
    explicit EnvelopePtr(Envelope* owned) noexcept : envelope_(owned) {}
    EnvelopePtr(const EnvelopePtr& other) noexcept : envelope_(other.envelope_) {
        if (envelope_ != nullptr) add_reference(*envelope_);
    }
    EnvelopePtr(EnvelopePtr&& other) noexcept : envelope_(std::exchange(other.envelope_, nullptr)) {}
    EnvelopePtr& operator=(EnvelopePtr other) noexcept {
        std::swap(envelope_, other.envelope_);
        return *this;
    }
    ~EnvelopePtr() {
        if (envelope_ != nullptr) release(envelope_);
    }

    static EnvelopePtr share(Envelope& envelope) noexcept {
        add_reference(envelope);
        return EnvelopePtr(&envelope);
    }

    Envelope* get() const noexcept { return envelope_; }
    Envelope* detach() noexcept { return std::exchange(envelope_, nullptr); }
    Envelope& operator*() const noexcept { return *envelope_; }
    Envelope* operator->() const noexcept { return envelope_; }
    explicit operator bool() const noexcept { return envelope_ != nullptr; }

private:
    Envelope* envelope_ = nullptr;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/envelope.ipp>
#endif

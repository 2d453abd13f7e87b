// Draft: an event on its way in, with its type erased: what the compiled core needs to make an envelope of it.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_access.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/options.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {
struct Receipt;
}

namespace hindsight::detail {

struct Draft {
    using Metadata = std::span<const std::pair<std::string_view, std::string_view>>;
    /// What an event may say itself, and what is said of it beyond the options.
    struct Texts {
        std::string_view name;
        std::string_view key;
        const Metadata* metadata = nullptr;  // instead of what the options have, where middleware has amended it
        std::string_view scope = {};         // that it is emitted in; empty: the bus itself
    };

    const EventType& type;
    const void* event;
    std::size_t payload_bytes;
    const EmitOptions& options;
    const Texts* own;     // null: the event says nothing itself
    bool brief;           // nothing is said beyond the type and the payload, neither by the event nor by options
    bool may_move;        // the event is the emitter's no more; else it can be copied
    bool simple = false;  // brief, and known to outlast its recording

    std::string_view name() const noexcept { return type.self_named ? own->name : type.name; }
    /// The one that the event's traits give.
    std::string_view key() const noexcept { return own != nullptr ? own->key : std::string_view(); }
    std::string_view scope() const noexcept { return own != nullptr ? own->scope : std::string_view(); }
    Metadata metadata() const noexcept {
        if (own != nullptr && own->metadata != nullptr) return *own->metadata;
        return {options.metadata.begin(), options.metadata.size()};
    }
    /// Whether the event is what it was once an envelope has been made of it, and can be copied again.
    bool outlasts_recording() const noexcept { return !may_move || type.trivially_copyable; }
};

/// What an envelope says beyond its draft.
struct Stamp {
    TimePoint time{};
    std::uint64_t origin = 0;
    Seq cause = 0;
    std::string_view correlation = {};
    std::uint8_t flags = 0;

    /// Whether there is nothing but where and when.
    bool is_plain() const noexcept { return cause == 0 && correlation.empty() && flags == 0; }
};

/// `now()` is asked only where the emitter gives no time.
template <class Now>
HINDSIGHT_ALWAYS_INLINE TimePoint time_of(const Draft& draft, Now now) {
    return !draft.brief && draft.options.time ? *draft.options.time : now();
}

/// The draft's own stamp.
inline Stamp stamp_of(const Draft& draft, TimePoint time, std::uint64_t origin) noexcept {
    return {.time = time, .origin = origin, .cause = draft.options.cause, .correlation = draft.options.correlation};
}

/// The longest source, key or correlation.
inline constexpr std::size_t max_text_bytes = 65535;

HINDSIGHT_API void check_texts_thoroughly(const Draft& draft);

/// Throws InvalidName for a name that the event gives itself, and that is not one or is the library's.
HINDSIGHT_API void check_name(const Draft& draft);

/// Throws InvalidArgument for texts that are too long and what is no severity.
HINDSIGHT_ALWAYS_INLINE void check_texts(const Draft& draft) {
    if (draft.brief) return;
    const EmitOptions& options = draft.options;
    const std::size_t any_length =
        options.source.size() | options.key.size() | options.correlation.size() | draft.key().size();
    if (any_length > max_text_bytes || options.metadata.size() != 0 || options.severity > Severity::critical)
        check_texts_thoroughly(draft);
}

/// Both.
inline void check(const Draft& draft) {
    check_name(draft);
    check_texts(draft);
}

class Hub;

/// Hub::emit, as a function that headers can call without knowing Hub. Fills an empty receipt.
HINDSIGHT_API void emit(Hub& hub, const Draft& draft, Receipt& receipt);

/// For `emit` of what is no event.
template <class E>
constexpr void refuse_event() {
    static_assert(!std::convertible_to<const E&, std::string_view>,
                  "hindsight: text is no event; for one that is only a name emit hindsight::NamedEvent{name}");
    static_assert(!std::is_pointer_v<E> || std::convertible_to<const E&, std::string_view>,
                  "hindsight: a pointer is no event; emit what it points to, which the bus copies or moves");
    static_assert(!std::is_arithmetic_v<E>,
                  "hindsight: a number is no event; emit a class or enumeration, or a hindsight::NamedEvent{name}");
    static_assert(!std::is_class_v<E> || std::move_constructible<E> || std::convertible_to<const E&, std::string_view>,
                  "hindsight: an event must be movable: the bus keeps it");
    static_assert(std::is_class_v<E> || std::is_pointer_v<E> || std::is_arithmetic_v<E>,
                  "hindsight: an event is a value of a class or an enumeration");
}

/// Calls `use(draft)` for the event: where the traits' user code runs.
template <class E, class F>
decltype(auto) with_draft(E&& event, const EmitOptions& options, F use) {
    using Type = std::remove_cvref_t<E>;
    constexpr bool moves = !std::is_lvalue_reference_v<E> && !std::is_const_v<std::remove_reference_t<E>>;
    static_assert(moves || std::copy_constructible<Type>,
                  "hindsight: this event type cannot be copied; emit it with std::move(event)");
    constexpr bool says_nothing = !is_self_named<Type> && !has_event_key<Type>;
    Draft draft{
        .type = event_type<Type>(),
        .event = &event,
        .payload_bytes = event_payload_bytes(event),
        .options = options,
        .own = nullptr,
        .brief = says_nothing && &options == &default_emit_options,
        .may_move = moves,
        .simple = says_nothing && &options == &default_emit_options &&
                  (!moves || (std::is_trivially_copyable_v<Type> && std::copy_constructible<Type>)),
    };
    if constexpr (says_nothing) {
        return use(std::as_const(draft));
    } else if constexpr (has_event_key<Type>) {
        const KeyText key = event_key(event);
        const Draft::Texts own{event_name_of(event), key.view()};
        draft.own = &own;
        return use(std::as_const(draft));
    } else {
        const Draft::Texts own{event_name_of(event), {}};
        draft.own = &own;
        return use(std::as_const(draft));
    }
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/draft.ipp>
#endif

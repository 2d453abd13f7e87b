// Draft: an event on its way in, with its type erased: what the compiled core needs to make an envelope of it.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_access.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/export.hpp>
#include <hindsight/options.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight::detail {

struct Draft {
    const EventType& type;
    void* event;
    void (*construct)(void* where, void* event);  // copies or moves the event; may throw
    void (*copy)(void* where, void* event);       // copies it; null where it cannot be copied
    std::string_view name;
    std::string_view key;       // the one that the event's traits give
    std::size_t payload_bytes;
    const EmitOptions& options;
};

/// What an envelope says beyond its draft.
struct Stamp {
    TimePoint time{};
    std::uint64_t origin = 0;
    Seq cause = 0;
    std::string_view correlation = {};
    std::uint8_t flags = 0;
};

/// Throws InvalidName for a name that is not one or is the library's, InvalidArgument for texts that are too long.
HINDSIGHT_API void check(const Draft& draft);

/// Makes the envelope of a checked draft, with the payload, or without it and marked as truncated. Throws
/// std::bad_alloc, or what copying the payload throws.
HINDSIGHT_API EnvelopePtr make_envelope(const Draft& draft, const Stamp& stamp, bool with_payload);

template <class E>
constexpr auto copy_function() noexcept -> void (*)(void*, void*) {
    if constexpr (std::copy_constructible<E>) {
        return [](void* where, void* from) { ::new (where) E(*static_cast<const E*>(from)); };
    } else {
        return nullptr;
    }
}

/// Calls `use(draft)` for the event: where the traits' user code runs.
template <class E, class F>
decltype(auto) with_draft(E&& event, const EmitOptions& options, F use) {
    using Type = std::remove_cvref_t<E>;
    constexpr bool moves = !std::is_lvalue_reference_v<E> && !std::is_const_v<std::remove_reference_t<E>>;
    static_assert(moves || std::copy_constructible<Type>,
                  "hindsight: this event type cannot be copied; emit it with std::move(event)");
    const auto key = [&] {
        if constexpr (has_event_key<Type>) {
            return event_key(event);
        } else {
            return std::string_view();
        }
    }();
    const auto key_view = [&]() -> std::string_view {
        if constexpr (has_event_key<Type>) {
            return key.view();
        } else {
            return key;
        }
    }();
    const Draft draft{
        .type = event_type<Type>(),
        .event = const_cast<void*>(static_cast<const void*>(&event)),
        .construct =
            [](void* where, void* from) {
                if constexpr (moves) {
                    ::new (where) Type(std::move(*static_cast<Type*>(from)));
                } else {
                    ::new (where) Type(*static_cast<const Type*>(from));
                }
            },
        .copy = copy_function<Type>(),
        .name = event_name_of(event),
        .key = key_view,
        .payload_bytes = event_payload_bytes(event),
        .options = options,
    };
    return use(draft);
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/draft.ipp>
#endif

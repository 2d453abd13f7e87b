// The erased description of an event type: one constant per C++ type, comparable across shared libraries.

#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/event_access.hpp>
#include <hindsight/detail/event_bases.hpp>
#include <hindsight/detail/json_text.hpp>
#include <hindsight/event.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace hindsight::detail {

/// How many payloads of a type were made and destroyed in this process: equal where none is alive.
struct PayloadCount {
    Counter made;
    Counter destroyed;
};

struct EventType;

/// How an event of some type is one of a base of it.
struct Upcast {
    const EventType* base;
    const void* (*cast)(const void* event);
};

/// Of an event type, or of a class that is a base of event types only: that has no name, and nothing is made of it.
struct EventType {
    std::string_view name;       ///< empty: each event of the type names itself
    const std::type_info* info;  ///< never null
    std::size_t size;
    std::size_t alignment;
    std::uint64_t identity;  ///< hash of name, qualified type name, size and alignment
    Severity severity;
    std::uint8_t category_size;  ///< of the name
    bool self_named;
    bool dynamic;  ///< self-named, and for the typed subscriptions of its name, too
    bool trivially_copyable;
    bool unnamed_namespace;                        ///< its identity includes the address of the description
    void (*copy)(void* where, const void* event);  ///< null: it cannot be copied
    void (*move)(void* where, void* event);
    void (*destroy)(void*) noexcept;  ///< null: there is nothing to destroy
    void (*append_json)(const void*, std::string&);
    PayloadCount* payloads;
    bool is_base;                   ///< of other event types; see is_event_base
    std::span<const Upcast> bases;  ///< that its events are delivered to as well
};

/// Fowler, Noll and Vo's hash (FNV-1a, 64 bits), which goes on from `hash`.
constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325U) noexcept {
    for (const char character : text) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3U;
    }
    return hash;
}

constexpr std::uint64_t hash_number(std::uint64_t number, std::uint64_t hash) noexcept {
    for (int byte = 0; byte != 8; ++byte) {
        hash = (hash ^ (number & 0xffU)) * 0x100000001b3U;
        number >>= 8U;
    }
    return hash;
}

template <EventOrBase E>
constexpr std::string_view name_or_none() noexcept {
    if constexpr (Event<E>) {
        return event_name_v<E>;
    } else {
        return {};
    }
}

template <EventOrBase E>
constexpr std::uint64_t event_identity() noexcept {
    // The zero keeps "a" + "bc" and "ab" + "c" apart.
    const std::uint64_t of_name = hash_number(0, hash_text(name_or_none<E>()));
    const std::uint64_t of_names = hash_number(0, hash_text(qualified_type_name_v<E>, of_name));
    return hash_number(alignof(E), hash_number(sizeof(E), of_names));
}

template <Event E>
void copy_event(void* where, const void* event) {
    if constexpr (std::copy_constructible<E>) ::new (where) E(*static_cast<const E*>(event));
}

template <Event E>
void move_event(void* where, void* event) {
    ::new (where) E(std::move(*static_cast<E*>(event)));
}

template <Event E>
void destroy_event(void* event) noexcept {
    static_cast<E*>(event)->~E();
}

template <Event E>
void append_event_json(const void* event, std::string& out) {
    append_json(out, *static_cast<const E*>(event));
}

template <Event E>
inline constinit PayloadCount payload_count_v{};

template <class E, class B>
const void* upcast_event(const void* event) noexcept {
    return static_cast<const B*>(static_cast<const E*>(event));
}

/// As a span of Upcast: how events of type E are events of each of these.
template <class E, class Bases>
struct Upcasts;

template <EventOrBase E>
inline constexpr EventType event_type_v{
    .name = {},
    .info = &typeid(E),
    .size = sizeof(E),
    .alignment = alignof(E),
    .identity = event_identity<E>(),
    .severity = Severity::info,
    .category_size = 0,
    .self_named = false,
    .dynamic = false,
    .trivially_copyable = false,
    .unnamed_namespace = is_in_unnamed_namespace<E>,
    .copy = nullptr,
    .move = nullptr,
    .destroy = nullptr,
    .append_json = nullptr,
    .payloads = nullptr,
    .is_base = true,
    .bases = {},
};

template <Event E>
inline constexpr EventType event_type_v<E>{
    .name = event_name_v<E>,
    .info = &typeid(E),
    .size = sizeof(E),
    .alignment = alignof(E),
    .identity = event_identity<E>(),
    .severity = event_severity_v<E>,
    .category_size = static_cast<std::uint8_t>(category_of(event_name_v<E>).size()),
    .self_named = is_self_named<E>,
    .dynamic = is_dynamic_event<E>,
    .trivially_copyable = std::is_trivially_copyable_v<E>&& std::copy_constructible<E>,
    .unnamed_namespace = is_in_unnamed_namespace<E>,
    .copy = std::copy_constructible<E> ? &copy_event<E> : nullptr,
    .move = &move_event<E>,
    .destroy = std::is_trivially_destructible_v<E> ? nullptr : &destroy_event<E>,
    .append_json = &append_event_json<E>,
    .payloads = &payload_count_v<E>,
    .is_base = is_event_base<E>,
    .bases = Upcasts<E, BasesOf<E>>::all,
};

template <class E>
struct Upcasts<E, EventBases<>> {
    static constexpr std::span<const Upcast> all{};
};
template <class E, class... Bs>
struct Upcasts<E, EventBases<Bs...>> {
    static constexpr Upcast list[] = {(require_base<E, Bs>(), Upcast{&event_type_v<Bs>, &upcast_event<E, Bs>})...};
    static constexpr std::span<const Upcast> all{list};
};

template <EventOrBase E>
const EventType& event_type() noexcept {
    return event_type_v<E>;
}

/// Whether both describe one C++ type. By contents, for each shared library has descriptions of its own; except that
/// types of unnamed namespaces are told apart by address, for they may share everything else and still be different.
inline bool same_type(const EventType& left, const EventType& right) noexcept {
    if (&left == &right) {
        return true;
    }
    return !left.unnamed_namespace && !right.unnamed_namespace && left.name == right.name &&
           *left.info == *right.info && left.size == right.size && left.alignment == right.alignment;
}

/// How events of the type are events of the base; null: they are not, or it is their own type.
inline const Upcast* find_upcast(const EventType& type, const EventType& base) noexcept {
    for (const Upcast& each : type.bases) {
        if (same_type(*each.base, base)) return &each;
    }
    return nullptr;
}

/// Whether events of the type are for those who ask for `wanted`: its own type, or a base of it.
inline bool is_kind_of(const EventType& type, const EventType& wanted) noexcept {
    return same_type(type, wanted) || (wanted.is_base && find_upcast(type, wanted) != nullptr);
}

/// The event of this type as one of `wanted`; null: it is none.
inline const void* event_as(const EventType& type, const void* event, const EventType& wanted) noexcept {
    if (event == nullptr || same_type(type, wanted)) return event;
    const Upcast* const upcast = find_upcast(type, wanted);
    return upcast != nullptr ? upcast->cast(event) : nullptr;
}

}  // namespace hindsight::detail

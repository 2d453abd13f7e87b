// How the library reads EventTraits: what a user's specialisation leaves out comes from DefaultEventTraits.

#pragma once

#include <hindsight/detail/key_text.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/event.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace hindsight::detail {

/// True for the library's own events, which alone may have names that begin with "hindsight".
template <class E>
inline constexpr bool is_library_event = false;

/// True for events that name themselves and are meant for the typed subscriptions of their names, too, as far as they
/// convert.
template <class E>
inline constexpr bool is_dynamic_event = false;

/// Whether each event of the type has a name of its own, such as NamedEvent.
template <class E>
inline constexpr bool is_self_named = requires(const E& event) {
    EventTraits<E>::name_of(event);
};

/// Smart pointers are classes that can be moved.
template <class E>
concept IsPointer = requires(const E& pointer) {
    pointer.get();
    *pointer;
};

template <class E>
constexpr std::string_view checked_event_name() {
    if constexpr (is_self_named<E>) {
        return {};
    } else {
        constexpr std::string_view name = [] {
            if constexpr (requires { EventTraits<E>::name; }) {
                return std::string_view(EventTraits<E>::name);
            } else {
                return DefaultEventTraits<E>::name;
            }
        }();
        static_assert(is_valid_name(name) || !IsPointer<E>,
                      "hindsight: a pointer is no event; emit what it points to, which the bus copies or moves");
        static_assert(
            is_valid_name(name) || IsPointer<E>,
            "hindsight: this event has no valid name. Give it `static constexpr std::string_view event_name = "
            "\"category.what_happened\";` (segments of [A-Za-z0-9_-] joined by dots, 255 bytes at most) or "
            "specialise hindsight::EventTraits. A name is derived only from types that are not templates, "
            "not local to a function and not in an unnamed namespace.");
        static_assert(
            !is_library_name(name) || is_library_event<E>,
            "hindsight: event names that begin with \"hindsight\" are the library's; give this event another");
        return name;
    }
}

/// The name of all events of type `E`; empty if they name themselves.
template <Event E>
inline constexpr std::string_view event_name_v = checked_event_name<E>();

/// The name of this event: in static storage, or owned by the event. A name of its own is not checked here.
template <Event E>
std::string_view event_name_of(const E& event) {
    if constexpr (is_self_named<E>) {
        static_assert(!std::same_as<decltype(EventTraits<E>::name_of(event)), std::string>,
                      "hindsight: EventTraits::name_of must return a view of text that the event owns");
        return EventTraits<E>::name_of(event);
    } else {
        return event_name_v<E>;
    }
}

template <Event E>
inline constexpr Severity event_severity_v = [] {
    if constexpr (requires { EventTraits<E>::severity; }) {
        return EventTraits<E>::severity;
    } else {
        return DefaultEventTraits<E>::severity;
    }
}();

template <class E>
concept HasKeyInTraits = requires(const E& event) {
    EventTraits<E>::key(event);
};

template <Event E>
inline constexpr bool has_event_key = HasKeyInTraits<E> || DeclaresEventKey<E>;

template <Event E>
decltype(auto) raw_event_key(const E& event) {
    if constexpr (HasKeyInTraits<E>) {
        return EventTraits<E>::key(event);
    } else {
        return DefaultEventTraits<E>::key(event);
    }
}

/// Valid as long as the event. Throws what the event's key function throws.
template <Event E>
    requires(has_event_key<E>)
KeyText event_key(const E& event) {
    if constexpr (KeyLike<std::remove_cvref_t<decltype(raw_event_key(event))>>) {
        return KeyText(raw_event_key(event));
    } else {
        static_assert(!has_event_key<E>, "hindsight: an event's key must be text, an integer or an enumeration");
    }
}

template <Event E>
std::size_t event_payload_bytes(const E& event) {
    if constexpr (requires { EventTraits<E>::payload_bytes(event); }) {
        return EventTraits<E>::payload_bytes(event);
    } else {
        return DefaultEventTraits<E>::payload_bytes(event);
    }
}

template <class T>
concept HasJsonInTraits = requires(const T& value) {
    std::string(EventTraits<T>::to_json(value));
};

/// Whether `T` writes its own JSON. It need not be an event: it may stand inside one.
template <class T>
concept WritesOwnJson = HasJsonInTraits<T> || HasEventJsonFunction<T>;

/// Whether it means to, though perhaps in a form that is not understood.
template <class T>
concept DeclaresOwnJson = DeclaresEventJson<T> || requires(T& value) {
    EventTraits<T>::to_json(value);
};

template <WritesOwnJson T>
std::string own_json(const T& value) {
    if constexpr (HasJsonInTraits<T>) {
        return std::string(EventTraits<T>::to_json(value));
    } else {
        return std::string(value.event_json());
    }
}

}  // namespace hindsight::detail

// What an event is, and what the library wants to know of its type: name, severity, key, payload size. Everything can
// be said by members of the event, by a specialisation of EventTraits, or not at all.

#pragma once

#include <hindsight/detail/type_name.hpp>
#include <hindsight/types.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace hindsight {

/// Any class or enumeration that can be moved is an event, unless it reads as text: text is a name, not an event.
template <class E>
concept Event = std::same_as<E, std::remove_cvref_t<E>> && std::move_constructible<E> &&
                !std::convertible_to<const E&, std::string_view> &&
                (std::is_class_v<E> || std::is_enum_v<E>);

/// A class that is no event itself, being abstract or immovable, and that events may derive from.
template <class B>
concept BaseOfEvents = std::same_as<B, std::remove_cvref_t<B>> && std::is_class_v<B> && !std::move_constructible<B> &&
                       !std::convertible_to<const B&, std::string_view>;

/// What can be subscribed to and asked for by its type: an event type, or a base of event types.
template <class E>
concept EventOrBase = Event<E> || BaseOfEvents<E>;

/// Several bases of an event type: `using event_base = hindsight::EventBases<Shape, Drawn>;`. See DefaultEventTraits.
template <class... Bases>
struct EventBases {};

namespace detail {

template <class E>
concept DeclaresEventName = requires {
    &E::event_name;
};

template <class E>
concept HasConstantEventName = requires {
    requires !std::is_member_pointer_v<decltype(&E::event_name)>;
    typename std::integral_constant<std::size_t, std::string_view(E::event_name).size()>;
};

template <class E>
concept HasEventKeyFunction = requires(const E& event) {
    event.event_key();
};

template <class E>
concept DeclaresEventKey = HasEventKeyFunction<E> || requires {
    &E::event_key;
};

template <class E>
concept HasEventJsonFunction = requires(const E& event) {
    std::string(event.event_json());
};

template <class E>
concept DeclaresEventJson = requires {
    &E::event_json;
}
|| requires(E& event) {
    event.event_json();
};

template <class E>
concept HasPayloadBytesFunction = requires(const E& event) {
    { event.event_payload_bytes() } -> std::convertible_to<std::size_t>;
};

template <class E>
concept DeclaresPayloadBytes = requires {
    &E::event_payload_bytes;
}
|| requires(E& event) {
    event.event_payload_bytes();
};

template <class E>
concept DeclaresSeverity = requires {
    E::event_severity;
};

template <class E>
concept HasConstantSeverity = requires {
    typename std::integral_constant<Severity, E::event_severity>;
    requires E::event_severity <= Severity::critical;
};

template <class E>
constexpr std::string_view default_event_name() {
    if constexpr (HasConstantEventName<E>) {
        return E::event_name;
    } else if constexpr (!DeclaresEventName<E> && is_derivable<E>) {
        return derived_name_v<E>;
    } else {
        return {};
    }
}

template <DeclaresEventKey E>
constexpr decltype(auto) declared_event_key(const E& event) {
    if constexpr (HasEventKeyFunction<E>) {
        return event.event_key();
    } else if constexpr (requires { E::event_key(event); }) {
        return E::event_key(event);
    } else if constexpr (requires { (event.*E::event_key)(); }) {
        return (event.*E::event_key)();
    } else if constexpr (requires { event.*E::event_key; }) {
        return (event.*E::event_key);
    } else {
        static_assert(!DeclaresEventKey<E>,
                      "hindsight: event_key must be a const member function, a function of the event, or a static "
                      "constant that points to a member or can be called with the event");
        return std::string_view{};
    }
}

}  // namespace detail

/// What the library assumes of an event type. Where it says "only if", the function is absent otherwise.
template <class E>
struct DefaultEventTraits {
    /// `E::event_name`, else the name derived from the type's (`TaskCompleted` -> "task.completed"), else empty, which
    /// is refused where the event is used.
    static constexpr std::string_view name = detail::default_event_name<E>();

    /// `E::event_severity`, a static constant of type Severity, else info.
    static constexpr Severity severity = [] {
        static_assert(detail::HasConstantSeverity<E> || !detail::DeclaresSeverity<E>,
                      "hindsight: event_severity must be a static constexpr hindsight::Severity");
        if constexpr (detail::HasConstantSeverity<E>) {
            return E::event_severity;
        } else {
            return Severity::info;
        }
    }();

    /// What buckets of history are counted by, only if the event has an `event_key`: a const member function, a static
    /// function of the event, or a static constant that points to a member or can be called with the event. Such a
    /// constant stands below the members it uses, and a lambda takes `const auto&`, for the type is not complete there.
    /// The key is text, an integer or an enumeration.
    static constexpr decltype(auto) key(const E& event) requires detail::DeclaresEventKey<E> {
        return detail::declared_event_key(event);
    }

    /// `event_payload_bytes()`, a const member function of the event, else `sizeof(E)`.
    static constexpr std::size_t payload_bytes(const E& event) {
        if constexpr (detail::HasPayloadBytesFunction<E>) {
            return static_cast<std::size_t>(event.event_payload_bytes());
        } else {
            static_assert(!detail::DeclaresPayloadBytes<E>,
                          "hindsight: event_payload_bytes must be a const member function that returns a number");
            return sizeof(E);
        }
    }

    // The bases whose subscriptions are given these events, too, only if the event names them: as a member type
    // `event_base`, which derived classes inherit, or as a member type `base` of its EventTraits. A class, or
    // EventBases<...>; what these name in turn counts as well. A base that is an event itself has to name itself: by
    // that it is known as one. See docs/events.md.

    /// The payload as JSON text, only if the event has a const member function `event_json()`.
    static constexpr std::string to_json(const E& event) requires detail::HasEventJsonFunction<E> {
        return std::string(event.event_json());
    }
};

/// Specialise it for events that cannot say things themselves, with any of the members of DefaultEventTraits: derive
/// from it to keep the rest in sight; members left out are taken from there in any case. The functions run on the
/// emitting thread, at times more than once per event; they must be pure and thread-safe.
template <class E>
struct EventTraits : DefaultEventTraits<E> {};

/// An event without data, whose name is known at run time only.
struct NamedEvent {
    std::string name;
};

/// An event that names itself has `name_of` instead of a name. The name is checked at each emit.
template <>
struct EventTraits<NamedEvent> : DefaultEventTraits<NamedEvent> {
    static constexpr std::string_view name = {};

    static std::string_view name_of(const NamedEvent& event) noexcept { return event.name; }
    static std::string to_json(const NamedEvent& /*event*/) { return "{}"; }
};

}  // namespace hindsight

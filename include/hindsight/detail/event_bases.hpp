// The bases that events are delivered to as well: what event types declare, and the bases of those bases, flattened.
#pragma once

#include <hindsight/detail/event_access.hpp>
#include <hindsight/event.hpp>

#include <concepts>
#include <type_traits>

namespace hindsight::detail {

template <class B>
struct ListOfBases {
    using Type = EventBases<B>;
};
template <class... Bs>
struct ListOfBases<EventBases<Bs...>> {
    using Type = EventBases<Bs...>;
};

template <class E>
struct DeclaredBases {
    using Type = EventBases<>;
};
template <class E>
    requires requires {
        typename EventTraits<E>::base;
    }
struct DeclaredBases<E> : ListOfBases<typename EventTraits<E>::base> {};
template <class E>
    requires(
        requires { typename E::event_base; } && !requires { typename EventTraits<E>::base; })
struct DeclaredBases<E> : ListOfBases<typename E::event_base> {};

/// `Found`, with what `Waiting` declares one after the other; each once, so that those which name themselves end it.
template <class Found, class Waiting>
struct AllBases;
template <class... Found>
struct AllBases<EventBases<Found...>, EventBases<>> {
    using Type = EventBases<Found...>;
};

template <class Found, class B, class Declared, class Waiting>
struct AllBasesWith;
template <class... Found, class B, class... Declared, class... Waiting>
struct AllBasesWith<EventBases<Found...>, B, EventBases<Declared...>, EventBases<Waiting...>>
    : AllBases<EventBases<Found..., B>, EventBases<Waiting..., Declared...>> {};

template <class... Found, class B, class... Waiting>
struct AllBases<EventBases<Found...>, EventBases<B, Waiting...>>
    : std::conditional_t<
          (std::same_as<B, Found> || ...), AllBases<EventBases<Found...>, EventBases<Waiting...>>,
          AllBasesWith<EventBases<Found...>, B, typename DeclaredBases<B>::Type, EventBases<Waiting...>>> {};

template <class Bases>
struct WithoutFirst;
template <class First, class... Rest>
struct WithoutFirst<EventBases<First, Rest...>> {
    using Type = EventBases<Rest...>;
};

/// All bases that events of type E are delivered to, as EventBases; E itself is none.
template <class E>
using BasesOf = typename WithoutFirst<typename AllBases<EventBases<E>, typename DeclaredBases<E>::Type>::Type>::Type;

template <class B, class Bases>
inline constexpr bool names_itself = false;
template <class B, class... Bs>
inline constexpr bool names_itself<B, EventBases<Bs...>> = (std::same_as<B, Bs> || ...);

/// Whether other types of events may be delivered to B: it is no event itself, or it names itself as a base.
template <class B>
inline constexpr bool is_event_base = !Event<B> || names_itself<B, typename DeclaredBases<B>::Type>;

/// Refuses what is no base of E's.
template <class E, class B>
constexpr void require_base() {
    static_assert(std::is_class_v<B>, "hindsight: event_base must name a class, or hindsight::EventBases of classes");
    static_assert(std::is_base_of_v<B, E> || !std::is_class_v<B>,
                  "hindsight: event_base names a class that this event does not derive from");
    static_assert(std::is_convertible_v<const E*, const B*> || !std::is_base_of_v<B, E>,
                  "hindsight: event_base must be a public base of the event, and its only one of that class");
    static_assert(is_event_base<B> || !std::is_convertible_v<const E*, const B*>,
                  "hindsight: this event_base is an event itself, so it has to say that it is a base, too: give it "
                  "`using event_base = Base;` with its own name, which all that derive from it inherit");
    if constexpr (Event<B> && is_event_base<B> && std::is_convertible_v<const E*, const B*>) {
        static_assert(is_self_named<E> || is_self_named<B> || event_name_v<E> != event_name_v<B>,
                      "hindsight: this event has inherited the name of its base; give it an event_name of its own");
    }
}

}  // namespace hindsight::detail

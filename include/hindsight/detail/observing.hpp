// Turns observers into drafts, and refuses what could not work with one readable error.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/detail/observer_draft.hpp>
#include <hindsight/observer.hpp>
#include <hindsight/record.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace hindsight::detail {

template <class Result>
constexpr void require_observer_returns_nothing() {
    static_assert(std::is_void_v<Result>, "hindsight: on_event must return void");
}

template <class O, class E>
void call_overload(void* object, const Record& record) {
    O& observer = *static_cast<O*>(object);
    if constexpr (requires(const E& event) { observer.on_event(event, record); }) {
        require_observer_returns_nothing<decltype(observer.on_event(payload_of<E>(record), record))>();
        observer.on_event(payload_of<E>(record), record);
    } else if constexpr (requires(const E& event) { observer.on_event(event); }) {
        require_observer_returns_nothing<decltype(observer.on_event(payload_of<E>(record)))>();
        observer.on_event(payload_of<E>(record));
    } else {
        require_observer_returns_nothing<decltype(observer.on_event(record))>();
        observer.on_event(record);
    }
}

template <class O>
void call_overload_for_any(void* object, const Record& record) {
    O& observer = *static_cast<O*>(object);
    require_observer_returns_nothing<decltype(observer.on_event(record))>();
    observer.on_event(record);
}

template <class O, EventOrBase E>
Overload overload_for() noexcept {
    static_assert(!is_event_base<E>,
                  "hindsight: an observer takes events by their own types, and this is a base of events; subscribe to "
                  "it instead, or attach the observer to the types that derive from it");
    static_assert(ObserverOf<O, E>,
                  "hindsight: the observer needs a public on_event that can be called with (const E&), "
                  "(const E&, const Record&) or (const Record&); events are shared, so it cannot take E& or E&&");
    if constexpr (ObserverOf<O, E> && !is_event_base<E>) {
        return {&event_type<E>(), &call_overload<O, E>};
    } else {
        return {};
    }
}

template <class O>
concept ListsEvents = requires {
    typename O::Events;
};

template <class O, Event... E>
std::vector<Overload> listed_overloads(EventList<E...> /*list*/) {
    return {overload_for<O, E>()...};
}

/// What the observer takes where the call of `attach` names no types.
template <class O>
std::vector<Overload> own_overloads() {
    static_assert(ListsEvents<O> || ObserverOfAll<O>,
                  "hindsight: attach(observer): to which events? Write attach<Event...>(observer), or give the "
                  "observer `using Events = hindsight::EventList<...>;` or an on_event(const hindsight::Record&)");
    std::vector<Overload> overloads;
    if constexpr (ListsEvents<O>) overloads = listed_overloads<O>(typename O::Events());
    if constexpr (ObserverOfAll<O>) overloads.push_back({nullptr, &call_overload_for_any<O>});
    return overloads;
}

template <EventOrBase... E, class O>
ObserverDraft draft_of(O& observer) {
    ObserverDraft draft{
        .object = const_cast<void*>(static_cast<const void*>(std::addressof(observer))),
        .as = &typeid(O),
        .tracked = {},
        .overloads = {},
    };
    if constexpr (sizeof...(E) > 0) {
        draft.overloads = {overload_for<O, E>()...};
    } else {
        draft.overloads = own_overloads<O>();
    }
    return draft;
}

[[noreturn]] HINDSIGHT_API void throw_null_observer();

template <EventOrBase... E, class O>
ObserverDraft draft_of_shared(const std::shared_ptr<O>& observer) {
    if (observer == nullptr) throw_null_observer();
    ObserverDraft draft = draft_of<E...>(*observer);
    draft.tracked = std::weak_ptr<const void>(observer);
    return draft;
}

/// The one who may know who owns it is asked.
template <EventOrBase... E, class O>
ObserverDraft draft_of_referenced(O& observer) {
    if constexpr (requires { std::weak_ptr<const void>(observer.weak_from_this()); }) {
        std::weak_ptr<const void> owned = observer.weak_from_this();
        ObserverDraft draft = draft_of<E...>(observer);
        if (!owned.expired()) draft.tracked = std::move(owned);
        return draft;
    } else {
        return draft_of<E...>(observer);
    }
}

template <class T>
inline constexpr bool is_smart_pointer = false;
template <class T>
inline constexpr bool is_smart_pointer<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_smart_pointer<std::weak_ptr<T>> = true;

}  // namespace hindsight::detail

// Observers: objects with `on_event` overloads, which a bus calls for events of several types; see docs/observers.md.
#pragma once

#include <hindsight/event.hpp>
#include <hindsight/record.hpp>

namespace hindsight {

/// The types that an observer is attached to where the call of `attach` names none:
/// `using Events = hindsight::EventList<TaskCompleted, TaskFailed>;` in its class.
template <Event... E>
struct EventList {};

/// What can observe events of type E: it has a public `on_event`, static or not, that takes one of these, tried in this
/// order: `(const E&, const Record&)`, `(const E&)`, `(const Record&)`.
template <class O, class E>
concept ObserverOf = requires(O& observer, const E& event, const Record& record) {
    observer.on_event(event, record);
}
|| requires(O& observer, const E& event) {
    observer.on_event(event);
}
|| requires(O& observer, const Record& record) {
    observer.on_event(record);
};

/// What can observe every event: it has an `on_event(const Record&)`.
template <class O>
concept ObserverOfAll = requires(O& observer, const Record& record) {
    observer.on_event(record);
};

}  // namespace hindsight

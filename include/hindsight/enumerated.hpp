// Enumerated events: an enumeration of kinds of events whose values are event names, for code that thinks in enums; see
// docs/events.md.
#pragma once

#include <hindsight/detail/enumerator_names.hpp>
#include <hindsight/detail/event_access.hpp>
#include <hindsight/detail/json_text.hpp>
#include <hindsight/event.hpp>
#include <hindsight/record.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

/// Makes the enumerators of K, which Boost.Describe has to describe, names of events:
///
///     enum class AgentEvent { agent_started, agent_stopped };
///     BOOST_DESCRIBE_ENUM(AgentEvent, agent_started, agent_stopped)
///     template <> struct hindsight::EventTraits<AgentEvent> : hindsight::EnumeratedEvents<AgentEvent> {};
///
/// A name is derived as those of types are: words end at underscores and changes of case, the first one is the
/// category,
/// '_' joins the others: `agent_started`, `AgentStarted` and `AGENT_STARTED` are "agent.started", `task_step_done` is
/// "task.step_done". The specialisation may choose others, with `static constexpr std::string_view chosen_name(K
/// kind)`; where that is empty the name is derived. All names are checked at compile time: whether they are valid, and
/// whether different enumerators have different ones.
template <class K>
struct EnumeratedEvents : DefaultEventTraits<K> {
    static constexpr std::string_view name = {};

    /// Throws InvalidName for a value that is no enumerator. O(enumerators), O(1) where these count from one on.
    static constexpr std::string_view name_of(const K& kind) { return detail::enumerator_name(kind); }
};

template <class K>
concept EnumeratedKind = std::is_enum_v<K> && std::derived_from<EventTraits<K>, EnumeratedEvents<K>>;

/// The name of events of this kind, in static storage; also for an event class of that name:
/// `static constexpr std::string_view event_name = hindsight::event_name(AgentEvent::agent_started);`. Throws
/// InvalidName for a value that is no enumerator, naming it; in a constant expression that does not compile.
template <EnumeratedKind K>
constexpr std::string_view event_name(K kind) {
    return EventTraits<K>::name_of(kind);
}

/// The kind that has this name, if one has. O(enumerators).
template <EnumeratedKind K>
constexpr std::optional<K> kind_of(std::string_view name) noexcept {
    return detail::find_enumerator<K>(name);
}
/// The same for a record's name, whatever it holds.
template <EnumeratedKind K>
std::optional<K> kind_of(const Record& record) noexcept {
    return detail::find_enumerator<K>(record.name());
}

/// An event of a kind, with data: `bus.emit(EnumeratedEvent{AgentEvent::agent_started, Agent{"worker_1"}})`. Without
/// data the kind itself is the event: `bus.emit(AgentEvent::agent_started)`. Severity, key, size and JSON are those of
/// D.
template <EnumeratedKind K, Event D>
struct EnumeratedEvent {
    K kind;
    D data;
};
template <class K, class D>
EnumeratedEvent(K, D) -> EnumeratedEvent<K, D>;

template <class K, class D>
struct EventTraits<EnumeratedEvent<K, D>> : DefaultEventTraits<EnumeratedEvent<K, D>> {
    using Itself = EnumeratedEvent<K, D>;

    static constexpr std::string_view name = {};
    static constexpr Severity severity = detail::event_severity_v<D>;

    static std::string_view name_of(const Itself& event) { return EventTraits<K>::name_of(event.kind); }
    static decltype(auto) key(const Itself& event) requires detail::has_event_key<D> {
        return detail::raw_event_key(event.data);
    }
    static std::size_t payload_bytes(const Itself& event) {
        return sizeof(Itself) - sizeof(D) + detail::event_payload_bytes(event.data);
    }
    static std::string to_json(const Itself& event) {
        std::string text;
        detail::append_json(text, event.data);
        return text;
    }
};

}  // namespace hindsight

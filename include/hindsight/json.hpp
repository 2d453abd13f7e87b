// JsonEvent: an event whose name and data are known at run time only. Opt-in, for it needs Boost.JSON's library: link
// hindsight::json, or header-only Boost::json.
#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/json_conversion.hpp>
#include <hindsight/event.hpp>
#include <hindsight/record.hpp>

#include <boost/json/value.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace hindsight {

/// `bus.emit(JsonEvent{"order.placed", {{"id", 7}, {"price", 9.5}}})`. Patterns, filters, retention rules and queries
/// see it like any event of that name; it may be the name of a C++ type. Its key is the emitter's, else the source, and
/// its severity the emitter's, else info, whatever that type says.
///
/// The typed subscriptions of the name get it converted, on buses that were told how: see accept_json.
///
/// A value with a memory resource of its own keeps that when it is copied or moved: the resource has to live as long as
/// the records, which outlive the bus.
struct JsonEvent {
    std::string name;
    boost::json::value value;
};

template <>
inline constexpr bool detail::is_dynamic_event<JsonEvent> = true;

namespace detail {

/// Roughly what the value takes in memory. O(size of the value).
HINDSIGHT_API std::size_t bytes_of(const boost::json::value& value);

/// Numbers as append_json writes them elsewhere.
HINDSIGHT_API void append_json_value(std::string& out, const boost::json::value& value);

}  // namespace detail

template <>
struct EventTraits<JsonEvent> : DefaultEventTraits<JsonEvent> {
    static constexpr std::string_view name = {};

    static std::string_view name_of(const JsonEvent& event) noexcept { return event.name; }
    static std::size_t payload_bytes(const JsonEvent& event) {
        return sizeof(JsonEvent) + event.name.size() + detail::bytes_of(event.value);
    }
    static std::string to_json(const JsonEvent& event) {
        std::string text;
        detail::append_json_value(text, event.value);
        return text;
    }
};

namespace detail {

template <Event E>
void construct_from_json(void* where, const void* event) {
    const auto& json = *static_cast<const JsonEvent*>(event);
    ::new (where) E(event_from_json<E>(json.name, json.value));
}

template <Event E>
constexpr Conversion conversion_from_json() noexcept {
    static_assert(!is_self_named<E>, "hindsight: a type whose events name themselves is no type of one event name");
    return {.from = &event_type_v<JsonEvent>, .to = &event_type_v<E>, .construct = &construct_from_json<E>};
}

template <class Bus>
Hub& hub_of(Bus& bus) noexcept {
    if constexpr (std::same_as<Bus, CallbackManager>) {
        return bus.hub();
    } else {
        return bus.callbacks().hub();
    }
}

}  // namespace detail

/// From now on the typed subscriptions of each E on this bus (or CallbackManager) take JsonEvents of E's name, too, as
/// `const E&`: `accept_json<OrderPlaced, OrderPaid>(bus)`. Without it, and where the data does not fit, a JsonEvent of
/// the name is a failure of each of these subscriptions: counted, and told as a HandlerError with a ConversionFailed
/// that names the event, the type and the place in the data.
///
/// What converts: types with a `tag_invoke` for `boost::json::value_to_tag<E>`; types that Boost.Describe describes,
/// from objects that have just its public members (optional ones may be missing), to any depth, and all that `to_json`
/// writes of such members: text, numbers, enumerations, containers, optionals, variants, smart pointers, times,
/// durations. Others are refused by the compiler.
///
/// An event is converted once, on the emitting thread before it has a seq, if it has typed subscriptions; filters see
/// it converted. The Record that such a subscription gets has the same seq, texts and times, holds an E, and is equal
/// to the one in history, which holds the JsonEvent as it was emitted. `retire<E>()` ends it, before a plug-in is
/// unloaded.
///
/// Throws TypeConflict (another type has the name), std::bad_alloc. Thread-safe.
template <Event... E, class Bus>
void accept_json(Bus& bus) {
    static_assert(sizeof...(E) > 0, "hindsight: accept_json<Event...>(bus): which events?");
    (detail::set_conversion(detail::hub_of(bus), detail::conversion_from_json<E>()), ...);
}

/// The record's payload: a JsonEvent's value, else what `to_json` shows of it. Null where it was truncated, and for an
/// empty record. Throws std::bad_alloc, what the event's own conversion throws, and boost::system::system_error where
/// that gives no JSON. O(size of the payload).
HINDSIGHT_API boost::json::value json_value(const Record& record);

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/json.ipp>
#endif

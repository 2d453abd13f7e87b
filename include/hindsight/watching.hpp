// What a bus is asked to watch of itself, and the library's events that tell what it saw; see docs/watching.md.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hindsight {

struct WatchOptions {
    /// Histograms of how long events wait and handlers run, for each subscription and each event name: see
    /// TimeStatistics. Each run of a handler then costs two looks at the bus's clock and some atomic additions, without
    /// a lock; each histogram takes some 2 KiB.
    bool times = false;
    /// Event names that have histograms of their own, at most; runs for further names share "(other)". 0: none has.
    std::size_t max_names = 1024;
    /// Emit UnhandledEvent for events that matched nobody. All events of the bus then take a longer way.
    bool unhandled = false;
    /// How long a handler may run, coroutines to their end, before SlowHandler is emitted; for subscriptions that have
    /// no SubscribeOptions::slow_after. On the steady clock, whatever clock the bus has: what hangs may be what moves
    /// that.
    std::optional<Duration> slow_after = {};
};

/// When a subscription that keeps failing is left out; all times are on the bus's clock.
struct QuarantineOptions {
    /// So many failures (of the handler, the filter or `on_lagged`) ...
    std::size_t failures = 5;
    /// ... of which the last came no later than this after the first.
    Duration window = std::chrono::minutes(1);
    /// The first event that comes when this is over is delivered again; none: only after Subscription::resume.
    std::optional<Duration> release_after = {};
};

struct SlowHandler;
template <>
inline constexpr bool detail::is_library_event<SlowHandler> = true;

/// The library's event about a handler that takes too long, while it still runs (or has just returned): once it has run
/// for as long as it may, and again each time that this has doubled.
///
/// It is emitted by a thread of the bus's own, which calls direct handlers of it and then goes on watching: they should
/// be quick. Queued ones have to wait for a thread of the pool, which the slow handler may hold up.
struct HINDSIGHT_API SlowHandler {
    static constexpr std::string_view event_name = "hindsight.slow_handler";
    static constexpr Severity event_severity = Severity::warning;

    /// As in HandlerError: its name, or `#id`.
    std::string subscription;
    std::uint64_t id = 0;
    /// What it was given.
    Record record;
    /// So far.
    Duration running{};
    /// 1 for the first time that this is told of the run, 2 for the next ...
    unsigned told = 1;

    std::string event_json() const;
};

struct SubscriptionQuarantined;
template <>
inline constexpr bool detail::is_library_event<SubscriptionQuarantined> = true;

/// The library's event about a subscription that has failed too often: from here on, until it is released, it is given
/// no events.
struct HINDSIGHT_API SubscriptionQuarantined {
    static constexpr std::string_view event_name = "hindsight.subscription_quarantined";
    static constexpr Severity event_severity = Severity::error;

    /// As in HandlerError: its name, or `#id`.
    std::string subscription;
    std::uint64_t id = 0;
    /// Within the window.
    std::size_t failures = 0;
    /// What the last one said.
    std::string last_error;

    std::string event_json() const;
};

struct UnhandledEvent;
template <>
inline constexpr bool detail::is_library_event<UnhandledEvent> = true;

/// The library's event about one that matched nobody: no subscription was for it, or none took it (filters, pauses).
/// Its key is the event's name, so that history keeps the newest 16 of each.
struct HINDSIGHT_API UnhandledEvent {
    static constexpr std::string_view event_name = "hindsight.unhandled_event";
    static constexpr Severity event_severity = Severity::warning;

    Record record;

    std::string event_json() const;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/watching.ipp>
#endif

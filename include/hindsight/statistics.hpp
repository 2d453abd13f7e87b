// What buses, callback managers and stores count, as plain structs.
#pragma once

#include <hindsight/options.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hindsight {

/// How long something took, time after time, as a histogram: 20 buckets for each power of ten, from 100 ns to 1000 s.
/// Empty where it is not measured.
struct TimeStatistics {
    struct Bucket {
        Duration at_most{};       ///< and more than that of the bucket before; of the last one Duration::max()
        std::uint64_t count = 0;  ///< in this bucket alone
    };
    std::uint64_t count = 0;
    Duration sum{};
    Duration max{};
    Duration p50{};  ///< half of them took no longer; as exact as its bucket, so within 13 %, as are the next two
    Duration p90{};
    Duration p99{};
    std::vector<Bucket> buckets;  ///< those with any, ascending
};

/// One subscription. Counters run since it was made, or since `reset_stats`.
struct SubscriptionStatistics {
    std::uint64_t id = 0;
    std::string name;     ///< from its options; may be empty
    std::string pattern;  ///< the event name or pattern that it subscribed to
    Delivery delivery = Delivery::queued;
    int priority = 0;
    bool paused = false;
    std::size_t queue_depth = 0;    ///< events held back, waiting or in hand now
    std::uint64_t delivered = 0;    ///< calls of the handler, those that threw included; for an inbox: events read
    std::uint64_t failed = 0;       ///< calls of the handler, the filter or on_lagged that threw
    std::uint64_t filtered = 0;     ///< events that the filter turned down
    std::uint64_t skipped = 0;      ///< events that came while it was paused, or in quarantine
    std::uint64_t dropped = 0;      ///< events that a full mailbox dropped, or that were replayed without their payload
    std::uint64_t conflated = 0;    ///< events replaced by a newer one: of their name and key, or while held back
    std::uint64_t discarded = 0;    ///< events still waiting when it was disconnected, put into quarantine, or given up
    bool quarantined = false;       ///< see SubscribeOptions::quarantine; until an event comes that ends it
    std::uint64_t quarantines = 0;  ///< how often that has begun
    std::uint64_t slow = 0;         ///< runs that took longer than SubscribeOptions::slow_after
    std::string last_error;         ///< what the newest failure said, 1 KiB at most; empty: there was none
    TimePoint last_error_at{};      ///< on the bus's clock
    TimeStatistics wait;  ///< from the time of an event to its handler's beginning; for queued delivery, see `run`
    TimeStatistics run;   ///< from a handler's beginning to its end; both only with WatchOptions::times
    std::string scope;    ///< that it is in; empty: the bus itself
};

/// One middleware. Counters run since it was made, or since `reset_stats`.
struct MiddlewareStatistics {
    std::uint64_t id = 0;
    std::string name;          ///< from its options; may be empty
    std::string pattern;       ///< the event name or pattern that it is used for
    std::uint64_t passed = 0;  ///< events that it let through, changed or not
    std::uint64_t vetoed = 0;
    std::uint64_t failed = 0;  ///< calls that threw, each of which refused its event
};

/// One event name. Events of names beyond `max_names` (only names known at run time can be) are counted together as
/// "(other)".
struct NameStatistics {
    std::uint64_t emitted = 0;
    std::size_t subscriptions = 0;  ///< that events of this name are matched with now
    // With WatchOptions::times, over all subscriptions, those included that are gone:
    TimeStatistics wait;
    TimeStatistics run;
    std::uint64_t failed = 0;
    std::string last_error;
    TimePoint last_error_at{};
};

/// Events that are emitted later; one of `emit_every` counts once in `waiting`, `cancelled` and `not_emitted`.
struct ScheduleStatistics {
    std::size_t waiting = 0;        ///< scheduled now
    std::uint64_t emitted = 0;      ///< scheduled events that were emitted, each time counted
    std::uint64_t skipped = 0;      ///< periods that were over before their event was emitted
    std::uint64_t failed = 0;       ///< emits that failed, each told to `on_error`
    std::uint64_t cancelled = 0;    ///< by their handles, or by `retire`
    std::uint64_t not_emitted = 0;  ///< left when the bus was shut down
};

/// Of a bus or callback manager. Totals include subscriptions that are gone, as all are after a shutdown. Each number
/// is exact once emitters and handlers are quiet, and recent otherwise.
struct Statistics {
    std::uint64_t emitted = 0;  ///< accepted events
    std::uint64_t refused_closed = 0;
    std::uint64_t refused_too_deep = 0;
    std::uint64_t refused_vetoed = 0;  ///< by middleware
    std::uint64_t refused_failed = 0;  ///< since middleware threw
    std::uint64_t matched = 0;         ///< pairs of an event and a subscription that it is for
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::uint64_t dropped = 0;
    std::uint64_t conflated = 0;
    std::uint64_t discarded = 0;
    std::size_t queue_depth = 0;  ///< over all subscriptions
    std::map<std::string, NameStatistics> by_name;
    std::vector<SubscriptionStatistics> subscriptions;            ///< connected now, in the order of subscribing
    std::map<std::string, std::size_t> subscriptions_by_pattern;  ///< how many are connected now
    ScheduleStatistics schedules;
    std::vector<MiddlewareStatistics> middleware;  ///< in use now, in the order in which events go through it
    std::uint64_t unhandled = 0;     ///< events that matched nobody; counted only with WatchOptions::unhandled
    std::uint64_t quarantines = 0;   ///< how often a subscription was put into quarantine
    std::uint64_t slow = 0;          ///< runs that took longer than they should
    std::uint64_t late_replies = 0;  ///< replies that no request took: it had its reply, was over, or was given up
};

/// One retention policy of a store.
struct PolicyStatistics {
    std::string pattern;  ///< of its rule; empty: events that no rule matches. SharedRing rules are counted there too.
    std::size_t capacity = 0;  ///< records in total; for buckets: of one key; 0: it keeps nothing
    std::size_t keys = 0;      ///< buckets now
    std::size_t size = 0;      ///< records now
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;    ///< made way for newer ones, or for a change of policies
    std::uint64_t refused = 0;    ///< not kept: by KeepNone, by a user's policy, or larger than max_total_bytes
    std::uint64_t truncated = 0;  ///< of the stored ones: kept without their payload
};

/// Of a store: the sums, and each policy in the order of its rules.
struct StoreStatistics {
    std::size_t size = 0;
    std::size_t bytes = 0;
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t refused = 0;
    std::uint64_t truncated = 0;
    std::vector<PolicyStatistics> policies;
};

/// What a shutdown left undone. What is unread in inboxes is not part of it: it can still be read.
struct ShutdownReport {
    struct Undelivered {
        std::uint64_t subscription = 0;
        std::string name;
        std::string pattern;
        std::uint64_t events = 0;
    };
    bool drained = true;                       ///< every queued event was handled in time
    std::uint64_t undelivered = 0;             ///< queued events that were not
    std::vector<Undelivered> by_subscription;  ///< those that have any

    struct NotEmitted {
        std::string name;
        std::uint64_t events = 0;
    };
    std::uint64_t not_emitted = 0;        ///< scheduled events that were not due, those of `emit_every` once each
    std::vector<NotEmitted> by_schedule;  ///< their names
};

}  // namespace hindsight

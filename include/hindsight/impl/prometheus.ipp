#pragma once

#include <hindsight/impl/detail/metrics_text.hpp>
#include <hindsight/prometheus.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hindsight {

namespace prometheus {

using detail::MetricsText;

/// A family with a number for each subscription.
template <class F>
void of_subscriptions(MetricsText& text, const Statistics& of, const char* type, std::string_view name,
                      std::string_view help, F number) {
    if (of.subscriptions.empty()) return;
    text.family(type, name, help);
    for (const SubscriptionStatistics& each : of.subscriptions)
        text.sample(name, MetricsText::labels_of(each), std::uint64_t{number(each)});
}

template <class F>
void times_of_subscriptions(MetricsText& text, const Statistics& of, std::string_view name, std::string_view help,
                            F times) {
    bool begun = false;
    for (const SubscriptionStatistics& each : of.subscriptions) {
        if (times(each).count == 0) continue;
        if (!std::exchange(begun, true)) text.family("histogram", name, help);
        text.histogram(name, MetricsText::labels_of(each), times(each));
    }
}

template <class F>
void times_of_names(MetricsText& text, const Statistics& of, std::string_view name, std::string_view help, F times) {
    bool begun = false;
    for (const auto& [event, each] : of.by_name) {
        if (times(each).count == 0) continue;
        if (!std::exchange(begun, true)) text.family("histogram", name, help);
        text.histogram(name, MetricsText::label("event", event), times(each));
    }
}

inline void add_totals(MetricsText& text, const Statistics& of) {
    text.total("hindsight_events_emitted_total", "Accepted events.", of.emitted);
    text.family("counter", "hindsight_events_refused_total", "Events that were not accepted, by reason.");
    text.sample("hindsight_events_refused_total", MetricsText::label("reason", "closed"), of.refused_closed);
    text.sample("hindsight_events_refused_total", MetricsText::label("reason", "too_deep"), of.refused_too_deep);
    text.sample("hindsight_events_refused_total", MetricsText::label("reason", "vetoed"), of.refused_vetoed);
    text.sample("hindsight_events_refused_total", MetricsText::label("reason", "failed"), of.refused_failed);
    text.total("hindsight_events_unhandled_total", "Events that matched nobody, where that is watched.", of.unhandled);
    text.family("counter", "hindsight_deliveries_total",
                "Pairs of an event and a subscription, by what became of them.");
    text.sample("hindsight_deliveries_total", MetricsText::label("outcome", "delivered"), of.delivered);
    text.sample("hindsight_deliveries_total", MetricsText::label("outcome", "dropped"), of.dropped);
    text.sample("hindsight_deliveries_total", MetricsText::label("outcome", "conflated"), of.conflated);
    text.sample("hindsight_deliveries_total", MetricsText::label("outcome", "discarded"), of.discarded);
    text.total("hindsight_failures_total", "Handlers, filters and the like that threw.", of.failed);
    text.total("hindsight_quarantines_total", "Subscriptions that were put into quarantine.", of.quarantines);
    text.total("hindsight_slow_runs_total", "Runs of handlers that took too long, where that is watched.", of.slow);
    text.total("hindsight_late_replies_total", "Replies that no request took.", of.late_replies);
    text.gauge("hindsight_queue_depth", "Events that wait or are in hand.", of.queue_depth);
    text.gauge("hindsight_subscriptions", "Subscriptions that are connected.", of.subscriptions.size());
}

inline void add_names(MetricsText& text, const Statistics& of) {
    if (of.by_name.empty()) return;
    text.family("counter", "hindsight_event_emitted_total", "Accepted events of each name.");
    for (const auto& [event, each] : of.by_name)
        text.sample("hindsight_event_emitted_total", MetricsText::label("event", event), each.emitted);
    text.family("counter", "hindsight_event_failures_total", "Failures at events of each name, where that is watched.");
    for (const auto& [event, each] : of.by_name)
        text.sample("hindsight_event_failures_total", MetricsText::label("event", event), each.failed);
    times_of_names(text, of, "hindsight_event_wait_seconds", "From the emit to the beginning of a queued handler.",
                   [](const NameStatistics& each) -> const TimeStatistics& { return each.wait; });
    times_of_names(text, of, "hindsight_event_run_seconds", "From the beginning of a handler to its end.",
                   [](const NameStatistics& each) -> const TimeStatistics& { return each.run; });
}

inline void add_subscriptions(MetricsText& text, const Statistics& of) {
    const auto counter = [&](std::string_view name, std::string_view help, auto member) {
        of_subscriptions(text, of, "counter", name, help, [&](const auto& each) { return each.*member; });
    };
    using Of = SubscriptionStatistics;
    counter("hindsight_subscription_delivered_total", "Calls of the handler.", &Of::delivered);
    counter("hindsight_subscription_failures_total", "Calls that threw.", &Of::failed);
    counter("hindsight_subscription_filtered_total", "Events that the filter turned down.", &Of::filtered);
    counter("hindsight_subscription_skipped_total", "Events while it was paused or in quarantine.", &Of::skipped);
    counter("hindsight_subscription_dropped_total", "Events that a full mailbox dropped.", &Of::dropped);
    counter("hindsight_subscription_conflated_total", "Events replaced by a newer one.", &Of::conflated);
    counter("hindsight_subscription_discarded_total", "Events that were given up while they waited.", &Of::discarded);
    counter("hindsight_subscription_quarantines_total", "How often it was put into quarantine.", &Of::quarantines);
    counter("hindsight_subscription_slow_runs_total", "Runs that took too long, where that is watched.", &Of::slow);
    of_subscriptions(text, of, "gauge", "hindsight_subscription_queue_depth", "Events that wait or are in hand.",
                     [](const Of& each) { return each.queue_depth; });
    of_subscriptions(text, of, "gauge", "hindsight_subscription_paused", "1 while it is paused or in quarantine.",
                     [](const Of& each) { return each.paused || each.quarantined ? 1U : 0U; });
    times_of_subscriptions(text, of, "hindsight_subscription_wait_seconds",
                           "From the emit to the beginning of a queued handler.",
                           [](const Of& each) -> const TimeStatistics& { return each.wait; });
    times_of_subscriptions(text, of, "hindsight_subscription_run_seconds",
                           "From the beginning of the handler to its end.",
                           [](const Of& each) -> const TimeStatistics& { return each.run; });
}

inline void add_middleware(MetricsText& text, const Statistics& of) {
    if (of.middleware.empty()) return;
    const auto counter = [&](std::string_view name, std::string_view help, auto member) {
        text.family("counter", name, help);
        for (const MiddlewareStatistics& each : of.middleware)
            text.sample(name, MetricsText::labels_of(each), each.*member);
    };
    counter("hindsight_middleware_passed_total", "Events that it let through.", &MiddlewareStatistics::passed);
    counter("hindsight_middleware_vetoed_total", "Events that it refused.", &MiddlewareStatistics::vetoed);
    counter("hindsight_middleware_failures_total", "Calls that threw.", &MiddlewareStatistics::failed);
}

inline void add_schedules(MetricsText& text, const ScheduleStatistics& of) {
    text.gauge("hindsight_schedules_waiting", "Scheduled events that wait.", of.waiting);
    text.total("hindsight_schedules_emitted_total", "Scheduled events that were emitted.", of.emitted);
    text.total("hindsight_schedules_skipped_total", "Periods that were over before their event was emitted.",
               of.skipped);
    text.total("hindsight_schedules_failures_total", "Scheduled emits that failed.", of.failed);
    text.total("hindsight_schedules_cancelled_total", "Scheduled events that were cancelled.", of.cancelled);
    text.total("hindsight_schedules_not_emitted_total", "Scheduled events that a shutdown left.", of.not_emitted);
}

}  // namespace prometheus

HINDSIGHT_INLINE std::string to_prometheus(const Statistics& statistics) {
    detail::MetricsText text;
    prometheus::add_totals(text, statistics);
    prometheus::add_names(text, statistics);
    prometheus::add_subscriptions(text, statistics);
    prometheus::add_middleware(text, statistics);
    prometheus::add_schedules(text, statistics.schedules);
    return std::move(text).take();
}

HINDSIGHT_INLINE std::string to_prometheus(const StoreStatistics& statistics) {
    detail::MetricsText text;
    text.gauge("hindsight_history_records", "Records in history.", statistics.size);
    text.gauge("hindsight_history_bytes", "Their bytes, as limits count them.", statistics.bytes);
    const auto for_each_rule = [&](const char* type, std::string_view name, std::string_view help, auto member) {
        text.family(type, name, help);
        for (std::size_t i = 0; i < statistics.policies.size(); ++i) {
            const std::string labels = detail::MetricsText::label("rule", std::to_string(i)) + "," +
                                       detail::MetricsText::label("pattern", statistics.policies[i].pattern);
            text.sample(name, labels, std::uint64_t{statistics.policies[i].*member});
        }
    };
    using Of = PolicyStatistics;
    for_each_rule("gauge", "hindsight_history_rule_records", "Records that the rule keeps.", &Of::size);
    for_each_rule("counter", "hindsight_history_stored_total", "Events that the rule has kept.", &Of::stored);
    for_each_rule("counter", "hindsight_history_evicted_total", "Records that made way.", &Of::evicted);
    for_each_rule("counter", "hindsight_history_refused_total", "Events that the rule did not keep.", &Of::refused);
    for_each_rule("counter", "hindsight_history_truncated_total", "Records without their payload.", &Of::truncated);
    return std::move(text).take();
}

}  // namespace hindsight

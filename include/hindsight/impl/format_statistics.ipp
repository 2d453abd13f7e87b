#pragma once

#include <hindsight/detail/json_text.hpp>
#include <hindsight/detail/one_line.hpp>
#include <hindsight/format.hpp>
#include <hindsight/statistics.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hindsight::detail {

/// The members of one object of statistics.
class StatisticsJson {
public:
    explicit StatisticsJson(std::string& out) : members_(out, '{', '}') {}

    StatisticsJson& number(std::string_view name, std::uint64_t number) {
        append_json_number(members_.next(name), number);
        return *this;
    }
    StatisticsJson& text(std::string_view name, std::string_view text) {
        append_json_string(members_.next(name), text);
        return *this;
    }
    StatisticsJson& flag(std::string_view name, bool set) {
        members_.next(name) += set ? "true" : "false";
        return *this;
    }
    StatisticsJson& times(std::string_view name, const TimeStatistics& times) {
        if (times.count == 0) return *this;
        StatisticsJson inside(members_.next(name));
        inside.number("count", times.count).duration("sum", times.sum).duration("max", times.max);
        inside.duration("p50", times.p50).duration("p90", times.p90).duration("p99", times.p99);
        inside.list("buckets", times.buckets, [](std::string& out, const TimeStatistics::Bucket& bucket) {
            JsonList pair(out, '[', ']');
            if (bucket.at_most == Duration::max()) {
                pair.next() += "null";
            } else {
                append_json_number(pair.next(), bucket.at_most.count());
            }
            append_json_number(pair.next(), bucket.count);
            pair.end();
        });
        inside.end();
        return *this;
    }
    StatisticsJson& error(const std::string& text, TimePoint at) {
        if (text.empty()) return *this;
        append_json_string(members_.next("last_error"), text);
        append_json_time(members_.next("last_error_at"), at);
        return *this;
    }
    /// `append(out, element)` writes each.
    template <class Elements, class F>
    StatisticsJson& list(std::string_view name, const Elements& elements, F append) {
        JsonList all(members_.next(name), '[', ']');
        for (const auto& each : elements) append(all.next(), each);
        all.end();
        return *this;
    }
    template <class Elements, class F>
    StatisticsJson& object(std::string_view name, const Elements& elements, F append) {
        JsonList all(members_.next(name), '{', '}');
        for (const auto& [key, each] : elements) append(all.next(key), each);
        all.end();
        return *this;
    }
    /// For what has no function of its own.
    std::string& next(std::string_view name) { return members_.next(name); }
    void end() { members_.end(); }

private:
    StatisticsJson& duration(std::string_view name, Duration time) {
        append_json_number(members_.next(name), std::int64_t{time.count()});
        return *this;
    }

    JsonList members_;
};

HINDSIGHT_INLINE void append_statistics(std::string& out, const SubscriptionStatistics& of) {
    StatisticsJson json(out);
    json.number("id", of.id).text("name", of.name).text("pattern", of.pattern);
    if (!of.scope.empty()) json.text("scope", of.scope);
    json.text("delivery", of.delivery == Delivery::direct ? "direct" : "queued");
    append_json_number(json.next("priority"), std::int64_t{of.priority});
    json.flag("paused", of.paused).flag("quarantined", of.quarantined).number("queue_depth", of.queue_depth);
    json.number("delivered", of.delivered).number("failed", of.failed).number("filtered", of.filtered);
    json.number("skipped", of.skipped).number("dropped", of.dropped).number("conflated", of.conflated);
    json.number("discarded", of.discarded).number("quarantines", of.quarantines).number("slow", of.slow);
    json.error(of.last_error, of.last_error_at).times("wait", of.wait).times("run", of.run);
    json.end();
}

HINDSIGHT_INLINE void append_statistics(std::string& out, const NameStatistics& of) {
    StatisticsJson json(out);
    json.number("emitted", of.emitted).number("subscriptions", of.subscriptions);
    json.times("wait", of.wait).times("run", of.run).number("failed", of.failed);
    json.error(of.last_error, of.last_error_at).end();
}

HINDSIGHT_INLINE void append_statistics(std::string& out, const MiddlewareStatistics& of) {
    StatisticsJson json(out);
    json.number("id", of.id).text("name", of.name).text("pattern", of.pattern);
    json.number("passed", of.passed).number("vetoed", of.vetoed).number("failed", of.failed).end();
}

HINDSIGHT_INLINE void append_statistics(std::string& out, const PolicyStatistics& of) {
    StatisticsJson json(out);
    json.text("pattern", of.pattern).number("capacity", of.capacity).number("keys", of.keys).number("size", of.size);
    json.number("stored", of.stored).number("evicted", of.evicted).number("refused", of.refused);
    json.number("truncated", of.truncated).end();
}

inline constexpr auto append_each = [](std::string& out, const auto& each) { append_statistics(out, each); };

inline std::string on_one_line(const std::string& json) {
    std::string line;
    line.reserve(json.size());
    append_on_one_line(line, json);
    return line;
}

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE std::string to_json(const Statistics& statistics) {
    std::string text;
    detail::StatisticsJson json(text);
    json.number("emitted", statistics.emitted).number("refused_closed", statistics.refused_closed);
    json.number("refused_too_deep", statistics.refused_too_deep).number("refused_vetoed", statistics.refused_vetoed);
    json.number("refused_failed", statistics.refused_failed)
        .number("matched", statistics.matched)
        .number("delivered", statistics.delivered);
    json.number("failed", statistics.failed)
        .number("dropped", statistics.dropped)
        .number("conflated", statistics.conflated);
    json.number("discarded", statistics.discarded)
        .number("queue_depth", statistics.queue_depth)
        .number("unhandled", statistics.unhandled);
    json.number("quarantines", statistics.quarantines)
        .number("slow", statistics.slow)
        .number("late_replies", statistics.late_replies);
    json.object("by_name", statistics.by_name, detail::append_each);
    json.list("subscriptions", statistics.subscriptions, detail::append_each);
    json.list("middleware", statistics.middleware, detail::append_each);
    const ScheduleStatistics& schedules = statistics.schedules;
    detail::StatisticsJson inside(json.next("schedules"));
    inside.number("waiting", schedules.waiting).number("emitted", schedules.emitted);
    inside.number("skipped", schedules.skipped).number("failed", schedules.failed);
    inside.number("cancelled", schedules.cancelled).number("not_emitted", schedules.not_emitted).end();
    json.end();
    return detail::on_one_line(text);
}

HINDSIGHT_INLINE std::string to_json(const StoreStatistics& statistics) {
    std::string text;
    detail::StatisticsJson json(text);
    json.number("size", statistics.size)
        .number("bytes", statistics.bytes)
        .number("stored", statistics.stored)
        .number("evicted", statistics.evicted);
    json.number("refused", statistics.refused).number("truncated", statistics.truncated);
    json.list("policies", statistics.policies, detail::append_each).end();
    return detail::on_one_line(text);
}

}  // namespace hindsight

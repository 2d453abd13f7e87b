#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/wall_clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>

#include <algorithm>
#include <mutex>

namespace hindsight {

namespace event_store {

/// A query with its texts checked, as a condition on envelopes that runs under the lock: it calls no user code.
class Condition {
public:
    Condition(const Query& query, const detail::EventType* type) : query_(query), type_(type) {
        if (!query.name.empty()) detail::require_valid_name(query.name);
        if (!query.pattern.empty()) pattern_.emplace(query.pattern);
        if (!query.category.empty()) detail::require_valid_category(query.category);
        if (query.take > Take::oldest) throw InvalidArgument("query: `take` is no Take");
        if (query.min_severity > Severity::critical) throw InvalidArgument("query: `min_severity` is no Severity");
        if (query.since && query.until && *query.since > *query.until) {
            throw InvalidArgument("query: `since` is later than `until`");
        }
        const detail::EventType* const wanted = query.where.payload_type();
        if (type != nullptr && wanted != nullptr && !detail::same_type(*type, *wanted)) {
            throw InvalidArgument("query: `where` is for the type " + detail::readable_type_name(*wanted) +
                                  ", the query for " + detail::readable_type_name(*type) +
                                  "; it would never find anything");
        }
        names_library_events_ = !query.name.empty() || !query.pattern.empty() || !query.category.empty();
    }

    bool holds(const detail::Envelope& record) const noexcept {
        if (record.seq <= query_.after_seq || (query_.before_seq != 0 && record.seq >= query_.before_seq)) return false;
        if (type_ != nullptr && (record.payload() == nullptr || !detail::same_type(*record.type, *type_))) return false;
        if (query_.min_severity && record.severity < *query_.min_severity) return false;
        if (query_.since && record.time < *query_.since) return false;
        if (query_.until && record.time >= *query_.until) return false;
        if (!query_.source.empty() && record.source() != query_.source) return false;
        if (!query_.key.empty() && record.key() != query_.key) return false;
        if (!query_.category.empty() && record.category() != query_.category) return false;
        const std::string_view name = record.name();
        if (!query_.name.empty() && name != query_.name) return false;
        if (pattern_ && !pattern_->matches(name)) return false;
        return names_library_events_ || type_ != nullptr || !detail::is_library_name(name);
    }

private:
    const Query& query_;
    const detail::EventType* type_;
    std::optional<Pattern> pattern_;
    bool names_library_events_ = false;
};

/// Walks history from the end that the query takes from. Each is told whether to go on.
template <class F>
void walk(const detail::History& history, const Query& query, F visit) {
    if (query.take == Take::newest) {
        for (const auto* each = history.newest(); each != nullptr && each->seq > query.after_seq; each = each->older) {
            if (!visit(*each)) return;
        }
    } else {
        for (const auto* each = history.oldest();
             each != nullptr && (query.before_seq == 0 || each->seq < query.before_seq); each = each->newer) {
            if (!visit(*each)) return;
        }
    }
}

inline std::vector<Record> query(detail::Ledger& ledger, const Query& query, const detail::EventType* type) {
    const Condition condition(query, type);
    std::vector<Record> found;
    if (query.limit == 0) return found;
    // With a predicate all candidates are pinned; the limit applies to what the predicate lets through.
    const std::size_t most = query.where ? no_limit : query.limit;
    {
        const std::lock_guard lock(ledger.mutex);
        walk(ledger.history, query, [&](const detail::Envelope& each) {
            if (condition.holds(each)) {
                found.emplace_back(detail::EnvelopePtr::share(const_cast<detail::Envelope&>(each)));
            }
            return found.size() < most;
        });
    }
    if (query.where) {
        std::vector<Record> chosen;
        for (Record& record : found) {
            if (chosen.size() == query.limit) break;
            if (query.where(record)) chosen.push_back(std::move(record));
        }
        found = std::move(chosen);
    }
    if (query.take == Take::newest) std::ranges::reverse(found);
    return found;
}

}  // namespace event_store

HINDSIGHT_INLINE EventStore::EventStore(const HistoryOptions& options, std::shared_ptr<Clock> clock)
    : ledger_(std::make_shared<detail::Ledger>(options, true, detail::random_origin())), clock_(std::move(clock)) {}

HINDSIGHT_INLINE EventStore::EventStore(const HistoryOptions& options, Threads threads)
    : ledger_(std::make_shared<detail::Ledger>(options, threads.several, detail::random_origin())) {}

HINDSIGHT_INLINE EventStore::~EventStore() = default;

HINDSIGHT_INLINE Receipt EventStore::append_draft(const detail::Draft& draft) {
    if (ledger_->in_a_bus.load(std::memory_order_relaxed)) {
        throw InvalidArgument("EventStore::append: this store belongs to a bus; emit the event there");
    }
    detail::check(draft);
    detail::Stamp stamp;
    stamp.time = draft.options.time ? *draft.options.time : clock_ ? clock_->now() : detail::WallClock::now();
    stamp.origin = ledger_->origin;
    stamp.cause = draft.options.cause;
    stamp.correlation = draft.options.correlation;
    const detail::EnvelopePtr whole = detail::make_envelope(draft, stamp, detail::ThreadSlot::current());

    for (;;) {
        const bool fits = draft.payload_bytes <= ledger_->max_payload_bytes.load(std::memory_order_relaxed);
        const detail::EnvelopePtr record = fits ? whole : detail::make_without_payload(*whole);
        RetentionPolicy::Custom custom;
        std::uint64_t version = 0;
        {
            const std::lock_guard lock(ledger_->mutex);
            const RetentionPolicy& policy = ledger_->history.rule_for(record->name()).policy;
            if (const auto* found = std::get_if<RetentionPolicy::Custom>(&policy.get())) custom = *found;
            version = ledger_->history_version.load(std::memory_order_relaxed);
        }
        bool stores = true;
        try {
            stores = custom == nullptr || custom->should_store(Record(whole));
        } catch (...) {
            stores = false;  // kept nowhere, and counted as refused
        }

        detail::EvictedRecords evicted;
        const std::lock_guard lock(ledger_->mutex);
        if (ledger_->history_version.load(std::memory_order_relaxed) != version) continue;
        detail::History& history = ledger_->history;
        if (fits != (draft.payload_bytes <= history.options().max_payload_bytes)) continue;
        detail::RetentionRule& rule = history.rule_for(record->name());
        stores = stores && rule.kind != detail::RetentionRule::Kind::none &&
                 record->footprint <= history.options().max_total_bytes;
        detail::Container* const container = stores ? &history.container_for(rule, *record) : nullptr;
        record->seq = ledger_->next_seq_locked();
        if (container == nullptr) {
            ++rule.refused;
            return {.seq = record->seq, .outcome = Outcome::not_kept};
        }
        detail::add_reference(*record);
        history.append(*record, *container, evicted);
        return {.seq = record->seq, .outcome = Outcome::recorded};
    }
}

HINDSIGHT_INLINE std::vector<Record> EventStore::query(const Query& query) const {
    return event_store::query(*ledger_, query, nullptr);
}

HINDSIGHT_INLINE std::vector<Record> EventStore::query_typed(const Query& query, const detail::EventType& type) const {
    return event_store::query(*ledger_, query, &type);
}

HINDSIGHT_INLINE std::optional<Record> EventStore::find(Seq seq) const {
    if (seq == 0) return std::nullopt;
    const std::lock_guard lock(ledger_->mutex);
    for (const detail::Envelope* each = ledger_->history.newest(); each != nullptr && each->seq >= seq;
         each = each->older) {
        if (each->seq == seq) return Record(detail::EnvelopePtr::share(const_cast<detail::Envelope&>(*each)));
    }
    return std::nullopt;
}

HINDSIGHT_INLINE void EventStore::clear() {
    detail::EvictedRecords evicted;
    const std::lock_guard lock(ledger_->mutex);
    ledger_->history.clear(evicted);
}

HINDSIGHT_INLINE void EventStore::set_policies(const std::vector<PolicyRule>& policies) {
    for (;;) {
        HistoryOptions options;
        std::uint64_t version = 0;
        {
            const std::lock_guard lock(ledger_->mutex);
            options = ledger_->history.options();
            version = ledger_->history_version.load(std::memory_order_relaxed);
        }
        options.policies = policies;
        detail::History next(options);  // asks user policies for their capacity; holds the old rules afterwards
        detail::EvictedRecords evicted;
        const std::lock_guard lock(ledger_->mutex);
        if (ledger_->history_version.load(std::memory_order_relaxed) != version) continue;
        next.take_over(ledger_->history, evicted);
        std::swap(next, ledger_->history);
        ledger_->history_version.fetch_add(1, std::memory_order_release);
        return;
    }
}

HINDSIGHT_INLINE void EventStore::swap(EventStore& other) {
    if (&other == this) return;
    detail::Ledger& mine = *ledger_;
    detail::Ledger& theirs = *other.ledger_;
    const std::scoped_lock lock(mine.mutex, theirs.mutex);
    std::swap(mine.history, theirs.history);
    for (detail::Ledger* ledger : {&mine, &theirs}) {
        const detail::Envelope* const newest = ledger->history.newest();
        if (newest != nullptr && newest->seq > ledger->last_seq.load(std::memory_order_relaxed)) {
            ledger->last_seq.store(newest->seq, std::memory_order_relaxed);
        }
        ledger->max_payload_bytes.store(ledger->history.options().max_payload_bytes, std::memory_order_relaxed);
        ledger->history_version.fetch_add(1, std::memory_order_release);
    }
}

HINDSIGHT_INLINE StoreStatistics EventStore::stats() const {
    StoreStatistics total;
    const std::lock_guard lock(ledger_->mutex);
    const detail::History& history = ledger_->history;
    total.size = history.size();
    total.bytes = history.bytes();
    total.stored = history.earlier().stored;
    total.evicted = history.earlier().evicted;
    total.refused = history.earlier().refused;
    total.truncated = history.earlier().truncated;
    for (const auto& rule : history.rules()) {
        PolicyStatistics& policy = total.policies.emplace_back();
        if (rule->pattern) policy.pattern = rule->pattern->text();
        switch (rule->kind) {
        case detail::RetentionRule::Kind::none:
            break;
        case detail::RetentionRule::Kind::ring:
            policy.capacity = rule->ring ? rule->ring->ring.capacity() : history.options().capacity;
            break;
        case detail::RetentionRule::Kind::buckets:
            policy.capacity = rule->bucket_capacity;
            break;
        }
        policy.keys = rule->buckets.size();
        policy.size = rule->size;
        policy.stored = rule->stored;
        policy.evicted = rule->evicted;
        policy.refused = rule->refused;
        policy.truncated = rule->truncated;
        total.stored += rule->stored;
        total.evicted += rule->evicted;
        total.refused += rule->refused;
        total.truncated += rule->truncated;
    }
    return total;
}

HINDSIGHT_INLINE void EventStore::reset_stats() noexcept {
    const std::lock_guard lock(ledger_->mutex);
    ledger_->history.reset_counters();
}

HINDSIGHT_INLINE std::size_t EventStore::capacity() const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    return ledger_->history.options().capacity;
}

HINDSIGHT_INLINE std::size_t EventStore::size() const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    return ledger_->history.size();
}

HINDSIGHT_INLINE std::size_t EventStore::bytes() const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    return ledger_->history.bytes();
}

HINDSIGHT_INLINE Seq EventStore::oldest_seq() const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    const detail::Envelope* const oldest = ledger_->history.oldest();
    return oldest != nullptr ? oldest->seq : 0;
}

HINDSIGHT_INLINE Seq EventStore::newest_seq() const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    const detail::Envelope* const newest = ledger_->history.newest();
    return newest != nullptr ? newest->seq : 0;
}

HINDSIGHT_INLINE Seq EventStore::last_seq() const noexcept {
    return ledger_->last_seq.load(std::memory_order_relaxed);
}

}  // namespace hindsight

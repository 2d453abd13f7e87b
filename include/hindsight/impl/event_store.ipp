#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/wall_clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/impl/detail/find_records.hpp>
#include <hindsight/impl/detail/log_cursor.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/impl/detail/reread.hpp>
#include <hindsight/impl/detail/trace.hpp>

#include <algorithm>
#include <mutex>

namespace hindsight {

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
    const TimePoint time = detail::time_of(draft, [this] { return clock_ ? clock_->now() : detail::WallClock::now(); });
    const detail::EnvelopePtr whole =
        detail::make_envelope(draft, detail::stamp_of(draft, time, ledger_->origin), detail::ThreadSlot::current());

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
        if (!stores) {
            record->seq = ledger_->next_seq_locked();
            ++rule.refused;
            return {.seq = record->seq, .outcome = Outcome::not_kept};
        }
        const detail::History::Place place = history.place_for(rule, *record);
        record->seq = ledger_->next_seq_locked();
        detail::add_reference(*record);
        history.append(*record, place, evicted);
        return {.seq = record->seq, .outcome = Outcome::recorded};
    }
}

HINDSIGHT_INLINE std::vector<Record> EventStore::query(const Query& query) const {
    return detail::find_records(*ledger_, query, nullptr);
}

HINDSIGHT_INLINE std::vector<Record> EventStore::query_typed(const Query& query, const detail::EventType& type) const {
    return detail::find_records(*ledger_, query, &type);
}

HINDSIGHT_INLINE Reread EventStore::reread(const Lagged& hole, Query query) const {
    return detail::reread(*ledger_, hole, std::move(query), nullptr);
}

HINDSIGHT_INLINE std::optional<Record> EventStore::find(Seq seq) const {
    if (seq == 0) return std::nullopt;
    const std::lock_guard lock(ledger_->mutex);
    detail::Envelope* const found = detail::find_locked(ledger_->history, seq);
    return found != nullptr ? std::optional<Record>(std::in_place, detail::EnvelopePtr::share(*found)) : std::nullopt;
}

HINDSIGHT_INLINE CauseTree EventStore::trace(Seq seq) const {
    return detail::trace_causes(*ledger_, seq);
}

HINDSIGHT_INLINE Past EventStore::as_of(Seq seq) const {
    const Seq moment = std::min(seq, last_seq());
    return Past(ledger_, moment, moment);
}

HINDSIGHT_INLINE Past EventStore::as_of(TimePoint time) const {
    std::vector<detail::LogCursor> cursors;
    Seq last_before = 0;
    Seq first_after = 0;
    const std::lock_guard lock(ledger_->mutex);
    ledger_->history.for_each_log([&](const detail::RecordLog& log) { cursors.emplace_back(log); });
    detail::merge(cursors, Take::oldest, [&](const detail::Envelope& each, const detail::LogCursor&) {
        (each.time > time ? first_after : last_before) = each.seq;
        return first_after == 0;
    });
    return Past(ledger_, last_before, first_after != 0 ? first_after - 1 : last_seq());
}

HINDSIGHT_INLINE void EventStore::clear() {
    detail::EvictedRecords evicted;
    const std::lock_guard lock(ledger_->mutex);
    ledger_->history.clear(evicted, last_seq());
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
        next.take_over(ledger_->history, evicted, last_seq());
        std::swap(next, ledger_->history);
        ledger_->history_version.fetch_add(1, std::memory_order_release);
        return;
    }
}

namespace event_store {

/// After its history has been exchanged.
inline void go_on_locked(detail::Ledger& ledger) noexcept HINDSIGHT_REQUIRES(ledger.mutex) {
    const detail::Envelope* const newest = ledger.history.newest();
    if (newest != nullptr && newest->seq > ledger.last_seq.load(std::memory_order_relaxed)) {
        ledger.last_seq.store(newest->seq, std::memory_order_relaxed);
    }
    ledger.history.goes_on_after(ledger.last_seq.load(std::memory_order_relaxed));
    ledger.max_payload_bytes.store(ledger.history.options().max_payload_bytes, std::memory_order_relaxed);
    ledger.history_version.fetch_add(1, std::memory_order_release);
}

}  // namespace event_store

HINDSIGHT_INLINE void EventStore::swap(EventStore& other) {
    if (&other == this) return;
    detail::Ledger& mine = *ledger_;
    detail::Ledger& theirs = *other.ledger_;
    const std::scoped_lock lock(mine.mutex, theirs.mutex);
    std::swap(mine.history, theirs.history);
    event_store::go_on_locked(mine);
    event_store::go_on_locked(theirs);
}

HINDSIGHT_INLINE StoreStatistics EventStore::stats() const {
    StoreStatistics total;
    const std::lock_guard lock(ledger_->mutex);
    total.size = ledger_->history.size();
    total.bytes = ledger_->history.bytes();
    total.stored = ledger_->history.earlier().stored;
    total.evicted = ledger_->history.earlier().evicted;
    total.refused = ledger_->history.earlier().refused;
    total.truncated = ledger_->history.earlier().truncated;
    for (const auto& rule : ledger_->history.rules()) {
        PolicyStatistics& policy = total.policies.emplace_back();
        const detail::RecordLog& log = ledger_->history.log_of(*rule);
        if (rule->pattern) policy.pattern = rule->pattern->text();
        switch (rule->kind) {
        case detail::RetentionRule::Kind::none:
            break;
        case detail::RetentionRule::Kind::ring:
            policy.capacity = log.capacity();
            break;
        case detail::RetentionRule::Kind::buckets:
            policy.capacity = rule->bucket_capacity;
            break;
        }
        policy.keys = rule->buckets.size();
        policy.size = &log.rule() == rule.get() ? log.size() : 0;
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

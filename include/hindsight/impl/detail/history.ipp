#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/log_cursor.hpp>
#include <hindsight/impl/detail/losses.hpp>

#include <algorithm>

namespace hindsight::detail {

HINDSIGHT_INLINE History::History(const HistoryOptions& options) : options_(options) {
    if (options.capacity > most_records) throw InvalidArgument("history.capacity is over 2^30 records");
    rules_ = make_rules(options.policies, options.capacity);
    shared_ = std::make_unique<RecordLog>(*rules_.back(), options.capacity);
}

HINDSIGHT_INLINE History::~History() {
    EvictedRecords evicted;
    if (shared_ != nullptr) clear(evicted, 0);
}

HINDSIGHT_INLINE Seq EvictedRecords::newest() const noexcept {
    Seq newest = 0;
    for (const Envelope* each = first_; each != nullptr; each = each->next_evicted)
        newest = std::max(newest, each->seq);
    return newest;
}

HINDSIGHT_INLINE History::Rules History::make_rules(const std::vector<PolicyRule>& policies,
                                                    std::size_t shared_capacity) {
    Rules rules;
    rules.reserve(policies.size() + 2);
    for (const PolicyRule& each : policies) {
        rules.push_back(std::make_unique<RetentionRule>(each.pattern, each.policy, shared_capacity));
    }
    // Only rules that name the library's events match them; a bus that keeps no history keeps none of these either.
    const RetentionPolicy own = shared_capacity > 0 || !policies.empty() ? RetentionPolicy(BucketRing{.capacity = 16})
                                                                         : RetentionPolicy(KeepNone{});
    rules.push_back(std::make_unique<RetentionRule>(Pattern("hindsight.*"), own, shared_capacity));
    rules.push_back(std::make_unique<RetentionRule>(std::nullopt, SharedRing{}, shared_capacity));
    return rules;
}

HINDSIGHT_INLINE RetentionRule& History::rule_for(std::string_view name) noexcept {
    for (const auto& rule : rules_) {
        if (rule->matches(name)) return *rule;
    }
    return *rules_.back();
}

HINDSIGHT_INLINE const Envelope* History::oldest() const noexcept {
    const RecordLog* const log = log_of_oldest();
    return log != nullptr ? log->oldest() : nullptr;
}

HINDSIGHT_INLINE const Envelope* History::newest() const noexcept {
    const Envelope* newest = nullptr;
    for_each_log([&](const RecordLog& log) {
        const Envelope* const there = log.newest();
        if (there != nullptr && (newest == nullptr || there->seq > newest->seq)) newest = there;
    });
    return newest;
}

HINDSIGHT_INLINE std::size_t History::size() const noexcept {
    std::size_t size = 0;
    for_each_log([&](const RecordLog& log) { size += log.size(); });
    return size;
}

HINDSIGHT_INLINE RecordLog* History::log_of_oldest() const noexcept {
    RecordLog* oldest = nullptr;
    for_each_log([&](RecordLog& log) {
        if (log.size() > 0 && (oldest == nullptr || log.oldest()->seq < oldest->oldest()->seq)) oldest = &log;
    });
    return oldest;
}

HINDSIGHT_INLINE History::Place History::place_in_bucket(RetentionRule& rule, const Envelope& envelope) {
    Bucket& bucket = rule.bucket_for(envelope.name(), envelope.key());
    rule.log->prepare(envelope, [&](const auto& replacement) { rule.replace_positions(replacement); });
    return {*rule.log, &bucket};
}

HINDSIGHT_INLINE void History::reserve(RetentionRule& rule, const Envelope& envelope, std::size_t count) {
    if (rule.kind == RetentionRule::Kind::buckets) rule.reserve_bucket(envelope.name(), envelope.key());
    RecordLog& log = rule.log ? *rule.log : *shared_;
    log.reserve(envelope, count, [&](const auto& replacement) { rule.replace_positions(replacement); });
}

HINDSIGHT_INLINE void History::settle(RetentionRule& rule, const Envelope& envelope) noexcept {
    if (rule.kind == RetentionRule::Kind::buckets) rule.settle_bucket(envelope.name(), envelope.key());
    (rule.log ? *rule.log : *shared_).settle(envelope);
}

HINDSIGHT_INLINE void History::put_in_bucket(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept {
    RecordLog& log = place.log;
    Bucket& bucket = *place.bucket;
    const Position position = log.push_back(envelope);
    if (bucket.ring.full()) {
        Envelope& oldest = log.remove(bucket.ring.push_back_for_front(position));
        bucket.replaced = oldest.seq;
        let_go(log, oldest, evicted);
    } else {
        bucket.ring.push_back(position);
    }
    log.rule().make_most_recent(bucket);
}

HINDSIGHT_INLINE void History::evict(RecordLog& log, Position position, EvictedRecords& evicted) noexcept {
    RetentionRule& rule = log.rule();
    if (rule.kind == RetentionRule::Kind::buckets) rule.bucket_of(*log.at(position)).ring.erase(position);
    let_go(log, log.remove(position), evicted);
}

HINDSIGHT_INLINE void History::prune_buckets(RetentionRule& rule, EvictedRecords& evicted, Seq last_there) noexcept {
    while (rule.bucket_count() > rule.max_buckets) {
        Bucket& bucket = *rule.least_recent;
        while (bucket.ring.size() > 0) {
            Envelope& oldest = rule.log->remove(bucket.ring.pop_front());
            rule.pruned.add(oldest.seq, last_there);
            let_go(*rule.log, oldest, evicted);
        }
        rule.erase(bucket);
    }
}

HINDSIGHT_INLINE void History::prune_bytes(EvictedRecords& evicted, Seq last_there) noexcept {
    while (bytes_ > options_.max_total_bytes) {
        RecordLog& log = *log_of_oldest();
        log.rule().pruned.add(log.oldest()->seq, last_there);
        evict(log, log.first_position(), evicted);
    }
}

HINDSIGHT_INLINE void History::clear(EvictedRecords& evicted, Seq now) noexcept {
    for_each_log([&](RecordLog& log) {
        if (const Envelope* const newest = log.newest()) log.rule().removed.add(newest->seq, now);
        for (Position offset = 0; offset < log.span(); ++offset) {
            if (Envelope* const record = *log.slot(offset)) evicted.add(*record);
        }
    });
    forget();
}

HINDSIGHT_INLINE void History::forget() noexcept {
    for_each_log([](RecordLog& log) { log.clear(); });
    for (const auto& rule : rules_) rule->clear_buckets();
    bytes_ = 0;
}

HINDSIGHT_INLINE void History::take_over(History& other, EvictedRecords& evicted, Seq now) {
    // Until nothing can throw any more, the references are the other's.
    try {
        std::vector<LogCursor> cursors;
        other.for_each_log([&](const RecordLog& log) { cursors.emplace_back(log); });
        merge(cursors, Take::oldest, [&](Envelope& envelope, const LogCursor&) {
            RetentionRule& rule = rule_for(envelope.name());
            if (rule.kind == RetentionRule::Kind::none) {
                ++rule.evicted;
                evicted.add(envelope);
            } else {
                put(envelope, place_for(rule, envelope), evicted);
            }
            return true;
        });
    } catch (...) {
        evicted.forget();
        forget();
        throw;
    }
    for (const auto& rule : rules_) {
        if (rule->kind == RetentionRule::Kind::buckets) prune_buckets(*rule, evicted, now);
    }
    prune_bytes(evicted, now);
    for_each_loss(other, nullptr, [this](const Loss& loss) { lost_earlier_.add(loss); });
    if (const Seq newest = evicted.newest(); newest != 0) lost_earlier_.add(newest, now);
    other.forget();
    earlier_ = other.earlier_;
    for (const auto& rule : other.rules_) {
        earlier_.stored += rule->stored;
        earlier_.evicted += rule->evicted;
        earlier_.refused += rule->refused;
        earlier_.truncated += rule->truncated;
    }
}

HINDSIGHT_INLINE void History::goes_on_after(Seq now) noexcept {
    const auto limit = [now](Loss& loss) { loss.last_there = std::min(loss.last_there, now); };
    limit(lost_earlier_);
    for (const auto& rule : rules_) {
        limit(rule->removed);
        limit(rule->pruned);
    }
}

HINDSIGHT_INLINE void History::reset_counters() noexcept {
    for (const auto& rule : rules_) {
        rule->evicted_earlier = rule->evicted_earlier || rule->evicted > 0;
        rule->stored = rule->evicted = rule->refused = rule->truncated = 0;
    }
    earlier_ = {};
}

HINDSIGHT_INLINE void History::drop_empty_buckets() noexcept {
    for (const auto& rule : rules_) {
        for (Bucket* each = rule->least_recent; each != nullptr;) {
            Bucket* const next = each->more_recent;
            if (each->ring.size() == 0) rule->erase(*each);
            each = next;
        }
    }
}

}  // namespace hindsight::detail

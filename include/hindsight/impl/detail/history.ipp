#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/error.hpp>

#include <algorithm>

namespace hindsight::detail {

HINDSIGHT_INLINE History::History(const HistoryOptions& options) : options_(options) {
    if (options.capacity > most_records) throw InvalidArgument("history.capacity is over 2^40 records");
    rules_ = make_rules(options.policies, options.capacity);
    shared_ = std::make_unique<Container>(*rules_.back(), options.capacity);
}

HINDSIGHT_INLINE History::~History() {
    EvictedRecords evicted;
    if (shared_ != nullptr) clear(evicted);
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

HINDSIGHT_INLINE void History::prune_buckets(RetentionRule& rule, EvictedRecords& evicted) noexcept {
    while (rule.buckets.size() > rule.max_buckets) {
        Bucket& bucket = *rule.least_recent;
        while (bucket.ring.size() > 0) evict(*bucket.ring.front(), evicted);
        rule.erase(bucket);
    }
}

HINDSIGHT_INLINE void History::clear(EvictedRecords& evicted) noexcept {
    while (oldest_ != nullptr) {
        Envelope& envelope = *oldest_;
        Container& container = *envelope.container;
        container.ring.erase(&envelope);
        --container.rule->size;
        unlink(envelope);
        evicted.add(envelope);
    }
    drop_empty_buckets();
}

HINDSIGHT_INLINE void History::take_over(History& other, EvictedRecords& evicted) {
    // All that can throw comes first: the buckets that the records need. Making one adds no record.
    for (const Envelope* each = other.oldest_; each != nullptr; each = each->newer) {
        RetentionRule& rule = rule_for(each->name());
        if (rule.kind != RetentionRule::Kind::none) container_for(rule, *each);
    }
    while (other.oldest_ != nullptr) {
        Envelope& envelope = *other.oldest_;
        Container& container = *envelope.container;
        container.ring.erase(&envelope);
        --container.rule->size;
        other.unlink(envelope);
        RetentionRule& rule = rule_for(envelope.name());
        if (rule.kind == RetentionRule::Kind::none) {
            ++rule.evicted;
            evicted.add(envelope);
        } else {
            place(envelope, container_for(rule, envelope), evicted);
        }
    }
    earlier_ = other.earlier_;
    for (const auto& rule : other.rules_) {
        earlier_.stored += rule->stored;
        earlier_.evicted += rule->evicted;
        earlier_.refused += rule->refused;
        earlier_.truncated += rule->truncated;
    }
    for (const auto& rule : rules_) prune_buckets(*rule, evicted);
    while (bytes_ > options_.max_total_bytes) evict(*oldest_, evicted);
}

HINDSIGHT_INLINE void History::reset_counters() noexcept {
    for (const auto& rule : rules_) rule->stored = rule->evicted = rule->refused = rule->truncated = 0;
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

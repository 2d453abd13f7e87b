#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/error.hpp>

#include <algorithm>

namespace hindsight::detail {

HINDSIGHT_INLINE History::History(const HistoryOptions& options) : options_(options) {
    if (options.capacity > std::size_t{1} << 40) throw InvalidArgument("history.capacity is over 2^40 records");
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

HINDSIGHT_INLINE Container& History::container_for(RetentionRule& rule, std::string_view name, std::string_view key) {
    if (rule.kind == RetentionRule::Kind::buckets) return rule.bucket_for(name, key);
    return rule.ring ? *rule.ring : *shared_;
}

HINDSIGHT_INLINE void History::append(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept {
    RetentionRule& rule = *container.rule;
    ++rule.stored;
    if (envelope.has(Envelope::truncated)) ++rule.truncated;
    place(envelope, container, evicted);
    prune_buckets(rule, evicted);
    while (bytes_ > options_.max_total_bytes) evict(*oldest_, evicted);
}

HINDSIGHT_INLINE void History::place(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept {
    RetentionRule& rule = *container.rule;
    if (container.ring.full()) evict(*container.ring.front(), evicted);
    container.ring.push_back(&envelope);
    envelope.container = &container;
    ++rule.size;
    if (rule.kind == RetentionRule::Kind::buckets) rule.make_most_recent(static_cast<Bucket&>(container));
    link_newest(envelope);
}

HINDSIGHT_INLINE void History::prune_buckets(RetentionRule& rule, EvictedRecords& evicted) noexcept {
    while (rule.buckets.size() > rule.max_buckets) {
        Bucket& bucket = *rule.least_recent;
        while (bucket.ring.size() > 0) evict(*bucket.ring.front(), evicted);
        rule.erase(bucket);
    }
}

HINDSIGHT_INLINE void History::evict(Envelope& envelope, EvictedRecords& evicted) noexcept {
    Container& container = *envelope.container;
    container.ring.erase(&envelope);
    --container.rule->size;
    ++container.rule->evicted;
    unlink(envelope);
    evicted.add(envelope);
}

HINDSIGHT_INLINE void History::link_newest(Envelope& envelope) noexcept {
    envelope.older = newest_;
    envelope.newer = nullptr;
    (newest_ ? newest_->newer : oldest_) = &envelope;
    newest_ = &envelope;
    ++size_;
    bytes_ += envelope.footprint();
}

HINDSIGHT_INLINE void History::unlink(Envelope& envelope) noexcept {
    (envelope.older ? envelope.older->newer : oldest_) = envelope.newer;
    (envelope.newer ? envelope.newer->older : newest_) = envelope.older;
    envelope.container = nullptr;
    --size_;
    bytes_ -= envelope.footprint();
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
}

HINDSIGHT_INLINE void History::take_over(History& other, EvictedRecords& evicted) {
    // All that can throw comes first: the buckets that the records need. Making one adds no record.
    for (const Envelope* each = other.oldest_; each != nullptr; each = each->newer) {
        RetentionRule& rule = rule_for(each->name());
        if (rule.kind != RetentionRule::Kind::none) container_for(rule, each->name(), each->key());
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
            place(envelope, container_for(rule, envelope.name(), envelope.key()), evicted);
        }
    }
    for (const auto& rule : rules_) prune_buckets(*rule, evicted);
    while (bytes_ > options_.max_total_bytes) evict(*oldest_, evicted);
}

HINDSIGHT_INLINE void History::reset_counters() noexcept {
    for (const auto& rule : rules_) rule->stored = rule->evicted = rule->refused = rule->truncated = 0;
}

}  // namespace hindsight::detail

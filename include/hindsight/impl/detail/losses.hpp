// All that is known of what has left history. For use under the ledger's lock.
#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/detail/loss.hpp>
#include <hindsight/impl/detail/query_condition.hpp>

#include <string_view>

namespace hindsight::detail {

namespace losses {

/// Of a full ring that has replaced records: those are older than its oldest, and the last one left for its newest.
inline Loss of_ring(const RecordLog& log) noexcept {
    const RetentionRule& rule = log.rule();
    if (log.size() == 0 || !log.is_full() || (rule.evicted == 0 && !rule.evicted_earlier)) return {};
    return {log.oldest()->seq - 1, log.newest()->seq - 1};
}

/// The same for a bucket. One that is not full has lost what it has lost in a way that history notes.
inline Loss of_bucket(const RecordLog& log, const Bucket& bucket) noexcept {
    if (bucket.replaced == 0 || !bucket.ring.full()) return {};
    return {bucket.replaced, log.at(bucket.ring.back())->seq - 1};
}

template <class F>
void visit_buckets(const RetentionRule& rule, const QueryCondition* condition, F visit) {
    const std::string_view name = condition != nullptr ? condition->only_name() : std::string_view();
    const std::string_view key = condition != nullptr ? std::string_view(condition->query().key) : std::string_view();
    if (!name.empty() && !key.empty()) {
        const auto found = rule.buckets.find(RetentionRule::BucketKeyView{name, key});
        if (found != rule.buckets.end()) visit(of_bucket(*rule.log, found->second));
        return;
    }
    for (const auto& [_, bucket] : rule.buckets) {
        const bool may_meet =
            condition == nullptr || ((key.empty() || bucket.key == key) && condition->holds_for(bucket.name));
        if (may_meet) visit(of_bucket(*rule.log, bucket));
    }
}

/// Of the log that is a rule's own, or the shared one.
template <class F>
void visit_log(const RecordLog& log, const QueryCondition* condition, F visit) {
    const RetentionRule& rule = log.rule();
    visit(rule.removed);
    visit(rule.pruned);
    if (rule.kind == RetentionRule::Kind::buckets) {
        visit_buckets(rule, condition, visit);
    } else {
        visit(of_ring(log));
    }
}

/// False only where no name that the rule is for can meet the condition.
inline bool may_meet(const RetentionRule& rule, const QueryCondition* condition) noexcept {
    if (condition == nullptr || !rule.pattern) return true;
    const std::string_view name = condition->only_name();
    return name.empty() ? condition->may_hold_for_one_of(*rule.pattern) : rule.pattern->matches(name);
}

}  // namespace losses

/// Visits the losses of all parts of history that may have held records which meet the condition; null: of all.
/// O(rules), and O(buckets) where there are several that meet it.
template <class F>
void for_each_loss(const History& history, const QueryCondition* condition, F visit) {
    visit(history.lost_earlier());
    bool shared = false;
    for (const auto& rule : history.rules()) {
        if (!losses::may_meet(*rule, condition)) continue;
        shared = shared || rule->shared();
        if (rule->log) losses::visit_log(*rule->log, condition, visit);
        if (condition != nullptr && !condition->only_name().empty()) break;  // the first rule that matches is the one
    }
    if (shared) losses::visit_log(history.shared(), condition, visit);
}

}  // namespace hindsight::detail

// All that is known of what has left history. For use under the ledger's lock.
#pragma once

#include <hindsight/detail/history.hpp>
#include <hindsight/detail/loss.hpp>
#include <hindsight/detail/name_rules.hpp>
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
    if (!bucket.has_replaced || !bucket.ring.full()) return {};
    return {log.at(bucket.ring.front())->seq - 1, log.at(bucket.ring.back())->seq - 1};
}

template <class F>
void visit_buckets(const RetentionRule& rule, const QueryCondition* condition, F visit) {
    if (condition == nullptr) {
        for (const auto& [_, bucket] : rule.buckets) visit(of_bucket(*rule.log, bucket));
        return;
    }
    const std::string_view name = condition->only_name();
    const std::string_view key = condition->query().key;
    if (!name.empty() && !key.empty()) {
        const auto found = rule.buckets.find(RetentionRule::BucketKeyView{name, key});
        if (found != rule.buckets.end()) visit(of_bucket(*rule.log, found->second));
        return;
    }
    for (const auto& [_, bucket] : rule.buckets) {
        const bool meets = (key.empty() || bucket.key == key) && condition->holds_for(bucket.name);
        if (meets) visit(of_bucket(*rule.log, bucket));
    }
}

/// False only where no name that the rule is for can meet the condition.
inline bool may_meet(const RetentionRule& rule, const QueryCondition& condition) noexcept {
    if (!rule.pattern) return true;
    const std::string_view text = rule.pattern->text();
    if (rule.pattern->exact()) return condition.holds_for(text);
    if (condition.excludes_library_names() && is_library_name(text)) return false;
    const std::string_view here = text.substr(0, text.find('*'));
    const std::string_view there = condition.beginning_of_names();
    return here.starts_with(there) || there.starts_with(here);
}

}  // namespace losses

/// Visits the losses of all parts of history that may have held records which meet the condition; null: of all.
/// O(rules), and O(buckets) where there are several that meet it.
template <class F>
void for_each_loss(const History& history, const QueryCondition* condition, F visit) {
    visit(history.removed());
    visit(history.pruned());
    const std::string_view name = condition != nullptr ? condition->only_name() : std::string_view();
    bool shared = false;
    for (const auto& rule : history.rules()) {
        const bool concerned =
            name.empty() ? condition == nullptr || losses::may_meet(*rule, *condition) : rule->matches(name);
        if (!concerned) continue;
        shared = shared || rule->shared();
        visit(rule->pruned);
        if (rule->kind == RetentionRule::Kind::buckets) {
            losses::visit_buckets(*rule, condition, visit);
        } else if (rule->log) {
            visit(losses::of_ring(*rule->log));
        }
        if (!name.empty()) break;  // the first rule that matches is the one
    }
    if (shared) visit(losses::of_ring(history.shared()));
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/find_records.hpp>
#include <hindsight/impl/detail/losses.hpp>
#include <hindsight/past.hpp>

#include <algorithm>
#include <limits>

namespace hindsight {

namespace past {

/// What is left of a gap up to `last` once the query's own limits have been looked at.
inline std::optional<Gap> gap_in(const Query& query, const std::vector<Record>& found, Seq last) {
    if (query.limit == 0 || query.after_seq == std::numeric_limits<Seq>::max()) return std::nullopt;
    Gap gap{query.after_seq + 1, std::min(last, query.before_seq - 1)};
    if (found.size() == query.limit) {
        // Beyond the last one taken nothing counts.
        if (query.take == Take::newest) {
            gap.first = std::max(gap.first, found.front().seq() + 1);
        } else {
            gap.last = std::min(gap.last, found.back().seq() - 1);
        }
    }
    return gap.first <= gap.last ? std::optional(gap) : std::nullopt;
}

}  // namespace past

HINDSIGHT_INLINE PastAnswer<Record> Past::find(const Query& query, const detail::EventType* type) const {
    Query bounded = query;
    if (query.before_seq == 0 || query.before_seq > last_) bounded.before_seq = last_ + 1;
    Seq lost_up_to = 0;
    PastAnswer<Record> answer;
    answer.records = detail::find_records(
        *ledger_, bounded, type, [&](const detail::QueryCondition& condition) HINDSIGHT_UNCHECKED_LOCKING {
            detail::for_each_loss(ledger_->history, &condition, [&](const detail::Loss& loss) {
                if (loss.concerns(first_)) lost_up_to = std::max(lost_up_to, loss.up_to);
            });
        });
    answer.gap = past::gap_in(bounded, answer.records, lost_up_to);
    return answer;
}

}  // namespace hindsight

// What history still has of a hole, and what it cannot give any more.
#pragma once

#include <hindsight/impl/detail/find_records.hpp>
#include <hindsight/query.hpp>

#include <algorithm>

namespace hindsight::detail {

/// Of the records that meet the query and, if `type` is given, hold such a payload: what those who missed them are for.
/// History may have more of that range, which they did not miss: it was skipped while they were paused, or replaced.
/// Throws what EventStore::query throws.
inline Reread reread(Ledger& ledger, const Lagged& hole, Query query, const EventType* type) {
    Reread result{.records = {}, .gone = hole};
    if (hole.missed == 0 || hole.last < hole.first) return result;
    query.after_seq = std::max(query.after_seq, hole.first - 1);
    query.before_seq = query.before_seq == 0 ? hole.last + 1 : std::min(query.before_seq, hole.last + 1);
    result.records = find_records(ledger, query, type);
    const std::uint64_t found = result.records.size();
    result.gone = found < hole.missed ? Lagged{hole.first, hole.last, hole.missed - found} : Lagged{};
    return result;
}

}  // namespace hindsight::detail

// A query's way through history: candidates under the ledger's lock, user code after it.
#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/impl/detail/log_cursor.hpp>
#include <hindsight/impl/detail/query_condition.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// The records that meet the condition, in the order and from the end that its query says, until `take(Envelope&)` has
/// taken `most`: it says whether it did. Under the lock. Throws std::bad_alloc.
template <class F>
void take_records_locked(const History& history, const QueryCondition& condition, std::size_t most, F take) {
    if (most == 0) return;
    std::vector<LogCursor> cursors;
    history.for_each_log([&](const RecordLog& log) {
        if (log.size() > 0) cursors.emplace_back(log, condition, most);
    });
    std::size_t taken = 0;
    merge(cursors, condition.query().take, [&](Envelope& each, const LogCursor& cursor) {
        if (condition.holds_for(each, cursor.met()) && take(each)) ++taken;
        return taken < most;
    });
}

/// The records that meet the query, as of one moment. `type`: what the payloads are to be; null: any. Calls
/// `look_locked(condition)` at that moment, under the lock. Throws what EventStore::query throws.
template <class F>
std::vector<Record> find_records(Ledger& ledger, const Query& query, const EventType* type, F look_locked) {
    const QueryCondition condition(query, type);
    std::vector<Record> found;
    if (query.limit == 0) return found;
    // With a predicate all candidates are pinned; the limit applies to what the predicate lets through.
    const std::size_t most = query.where ? no_limit : query.limit;
    // What can be allocated before the lock is.
    found.reserve(std::min<std::size_t>(most, 256));
    {
        const std::lock_guard lock(ledger.mutex);
        look_locked(condition);
        take_records_locked(ledger.history, condition, most, [&](Envelope& each) {
            found.emplace_back(EnvelopePtr::share(each));
            return true;
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

/// The same without a look.
inline std::vector<Record> find_records(Ledger& ledger, const Query& query, const EventType* type) {
    return find_records(ledger, query, type, [](const QueryCondition&) {});
}

}  // namespace hindsight::detail

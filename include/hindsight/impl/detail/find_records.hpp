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
    std::vector<LogCursor> cursors;
    {
        const std::lock_guard lock(ledger.mutex);
        look_locked(condition);
        ledger.history.for_each_log([&](const RecordLog& log) {
            if (log.size() > 0) cursors.emplace_back(log, condition, most);
        });
        merge(cursors, query.take, [&](Envelope& each, const LogCursor& cursor) {
            if (condition.holds_for(each, cursor.met())) found.emplace_back(EnvelopePtr::share(each));
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

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/impl/detail/find_records.hpp>
#include <hindsight/scope_history.hpp>

#include <mutex>

namespace hindsight {

HINDSIGHT_INLINE std::vector<Record> ScopeHistory::find(Query query, const detail::EventType* type) const {
    query.scope = query.scope.empty() ? scope_ : scope_ + '.' + query.scope;
    return detail::find_records(*ledger_, query, type);
}

HINDSIGHT_INLINE std::size_t ScopeHistory::size() const {
    const Query query{.pattern = "*", .scope = scope_};
    const detail::QueryCondition condition(query, nullptr);
    std::size_t count = 0;
    const std::lock_guard lock(ledger_->mutex);
    detail::take_records_locked(ledger_->history, condition, no_limit, [&](const detail::Envelope&) {
        ++count;
        return true;
    });
    return count;
}

}  // namespace hindsight

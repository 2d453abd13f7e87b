// ScopeHistory: what was emitted in one scope of a bus, and in those below it.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/key_text.hpp>
#include <hindsight/event.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hindsight {

namespace detail {
struct Ledger;
}

/// The part of a bus's history that was emitted in a scope, or below it: what a subscriber of the scope would have been
/// given. What Scope::history returns.
///
/// It keeps nothing by itself: the bus's history does, by its policies, which know names and keys, but no scopes. There
/// is no index of scopes, so each condition on a scope is looked at for all records that meet the others.
///
/// Thread-safe. It may outlive its scope and its bus.
class HINDSIGHT_API ScopeHistory {
public:
    /// As EventStore::query, with the same errors and cost. A `scope` in the query is that of one below:
    /// `{.scope = "session"}` for "provider.session".
    std::vector<Record> query(const Query& query = {}) const { return find(query, nullptr); }
    template <EventOrBase E>
    std::vector<TypedRecord<E>> query(const Query& query = {}) const {
        std::vector<TypedRecord<E>> typed;
        for (Record& record : find(query, &detail::event_type<E>())) typed.emplace_back(std::move(record));
        return typed;
    }

    /// As EventStore::latest: the newest E of this scope that was emitted under the key, or whatever its key was.
    /// (Where a LastPerKey rule keeps one event of a key, it is that of the scope which emitted last.)
    template <EventOrBase E, class Key>
        requires detail::KeyLike<Key> std::optional<TypedRecord<E>> latest(const Key& key)
    const {
        const detail::KeyText text(key);
        return newest_of<E>(detail::newest_of_key(text.view()));
    }
    template <EventOrBase E>
    std::optional<TypedRecord<E>> latest() const {
        return newest_of<E>({.limit = 1});
    }

    /// How many records history keeps of this scope. O(records of the bus), under its short lock.
    std::size_t size() const;
    bool empty() const { return find({.limit = 1}, nullptr).empty(); }

    /// For the library.
    ScopeHistory(std::shared_ptr<detail::Ledger> ledger, std::string scope) noexcept
        : ledger_(std::move(ledger)), scope_(std::move(scope)) {}

private:
    std::vector<Record> find(Query query, const detail::EventType* type) const;
    template <EventOrBase E>
    std::optional<TypedRecord<E>> newest_of(const Query& query_of_one) const {
        std::vector<TypedRecord<E>> found = query<E>(query_of_one);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }

    std::shared_ptr<detail::Ledger> ledger_;
    std::string scope_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/scope_history.ipp>
#endif

// Past: history as it was at an earlier moment, as far as it still knows.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/event.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hindsight {

namespace detail {
struct Ledger;
}

/// A stretch of seqs, both ends included.
struct Gap {
    Seq first = 0;
    Seq last = 0;
    friend bool operator==(const Gap&, const Gap&) = default;
};

/// What a query gives about an earlier moment: a range of the records that are still here, and what it cannot know.
template <class R>
struct PastAnswer {
    /// All of them were in history then, and meet the query; in seq order.
    std::vector<R> records = {};
    /// Where records that the query would have given then may be missing, for they have left history since. None: the
    /// answer is exactly that of then. Otherwise everything outside the gap is exactly as it was then, but for a
    /// query's limit, which counts what is still here.
    std::optional<Gap> gap = {};

    bool complete() const noexcept { return !gap; }
    auto begin() const noexcept { return records.begin(); }
    auto end() const noexcept { return records.end(); }
    std::size_t size() const noexcept { return records.size(); }
    bool empty() const noexcept { return records.empty(); }
};

/// The history of a store as it was at one moment: from when the event `seq()` got its seq until the next one did. What
/// EventStore::as_of returns.
///
/// Nothing is kept for it. A record never comes back into history, and never changes, so what is here now and has a seq
/// up to the moment's was here then. What was here then and has been evicted, cleared or retired since is named by each
/// answer as a gap. Whether there may be one is told for each ring and bucket that the query looks into: a ring that
/// has replaced no record since the moment has lost nothing, so an answer about the last few events is mostly complete;
/// and an answer that reaches its limit above the gap is complete, too.
///
/// Thread-safe. It may outlive its store. Queries ask the history as it is when they are made: later ones may find
/// less, and a larger gap.
class HINDSIGHT_API Past {
public:
    Seq seq() const noexcept { return last_; }

    /// As EventStore::query, with the same errors and cost, and O(buckets) for a query that does not name both a name
    /// and a key where there are bucket rings.
    PastAnswer<Record> query(const Query& query = {}) const { return find(query, nullptr); }
    template <EventOrBase E>
    PastAnswer<TypedRecord<E>> query(const Query& query = {}) const {
        PastAnswer<Record> untyped = find(query, &detail::event_type<E>());
        PastAnswer<TypedRecord<E>> typed{.gap = untyped.gap};
        typed.records.reserve(untyped.records.size());
        for (Record& record : untyped.records) typed.records.emplace_back(std::move(record));
        return typed;
    }

    /// For the library. The moment lies between these two seqs, and history holds no record between them.
    Past(std::shared_ptr<detail::Ledger> ledger, Seq first, Seq last) noexcept
        : ledger_(std::move(ledger)), first_(first), last_(last) {}

private:
    PastAnswer<Record> find(const Query& query, const detail::EventType* type) const;

    std::shared_ptr<detail::Ledger> ledger_;
    Seq first_;
    Seq last_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/past.ipp>
#endif

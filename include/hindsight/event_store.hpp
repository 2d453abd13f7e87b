// EventStore: a bounded, queryable history of events. Part of every bus, and usable alone.
#pragma once

#include <hindsight/cause_tree.hpp>
#include <hindsight/clock.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/key_text.hpp>
#include <hindsight/event.hpp>
#include <hindsight/past.hpp>
#include <hindsight/query.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/statistics.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hindsight {

namespace detail {
struct Ledger;
}

/// Thread-safe: one short lock guards it, never held while user code runs. All limits hold exactly after every append;
/// what is evicted, refused or truncated is counted (`stats`).
class HINDSIGHT_API EventStore {
public:
    /// `clock`: for the time of events that are appended without one; none: the system's. Throws InvalidArgument.
    explicit EventStore(const HistoryOptions& options = {}, std::shared_ptr<Clock> clock = {});
    ~EventStore();
    EventStore(const EventStore&) = delete;
    EventStore& operator=(const EventStore&) = delete;

    /// Gives the event the next seq and keeps it as its policy says. Throws InvalidName, InvalidArgument,
    /// std::bad_alloc and what the event's copy, key or size functions throw; nothing has changed then. For stores of
    /// their own: one that belongs to a bus is filled by the bus's emit, and this throws InvalidArgument.
    template <class E>
        requires Event<std::remove_cvref_t<E>> Receipt append(E&& event,
                                                              const EmitOptions& options = default_emit_options) {
            return detail::with_draft(std::forward<E>(event), options,
                                      [this](const detail::Draft& draft) { return append_draft(draft); });
        }

    /// Refused with a readable error: what is no event.
    template <class E>
        requires(!Event<std::remove_cvref_t<E>>)
    Receipt append(E&&, const EmitOptions& = default_emit_options) {
        detail::refuse_event<std::decay_t<E>>();
        return {};
    }

    /// The records that meet all conditions, in seq order, as of one moment. Throws InvalidName for a bad name,
    /// pattern or category, InvalidArgument for a range of time whose end is before its beginning, a `where<E>` on
    /// another type than the query's, and what is no Severity or Take. O(records that meet the most selective
    /// of name or type, key, source, pattern, category and seq range); where none of these is given, O(records newer
    /// than the last one taken). `where` runs outside the lock on all that meet the other conditions.
    std::vector<Record> query(const Query& query = {}) const;

    /// The same for records that hold an E, which the results give as such. Truncated records are not among them.
    template <EventOrBase E>
    std::vector<TypedRecord<E>> query(const Query& query = {}) const {
        std::vector<TypedRecord<E>> typed;
        for (Record& record : query_typed(query, detail::event_type<E>())) {
            typed.emplace_back(std::move(record));
        }
        return typed;
    }

    /// The current state of a key: the newest E that was emitted under it and is kept, as of one moment; empty if there
    /// is none. The key is text, an integer or an enumeration, as EventTraits give it. Truncated records do not count.
    /// Events that a LastPerKey rule is for are kept however many others come. Throws std::bad_alloc. O(log size), or
    /// O(records of the key or of the type, whichever are fewer) where newer ones than the one found have another type
    /// or key.
    template <EventOrBase E, class Key>
        requires detail::KeyLike<Key> std::optional<TypedRecord<E>> latest(const Key& key)
    const {
        const detail::KeyText text(key);
        return newest_of<E>(detail::newest_of_key(text.view()));
    }
    /// The same whatever its key is.
    template <EventOrBase E>
    std::optional<TypedRecord<E>> latest() const {
        return newest_of<E>({.limit = 1});
    }

    /// What is still kept of a hole, of the records that meet the query, which gives what the subscription is for: its
    /// name or pattern, and its filter. Inside `on_lagged`, this_handler::reread knows that by itself. Throws and costs
    /// what `query` does.
    Reread reread(const Lagged& hole, Query query = {}) const;

    /// The record with that seq, if it is kept. O(log size).
    std::optional<Record> find(Seq seq) const;

    /// Where the event came from and what came of it, as of one moment: the chain of its causes, and all consequences.
    /// Seq 0 gives an empty tree; an event that is not kept, what it has brought about. Throws std::bad_alloc.
    /// O(records newer than it), and O(log size) for each cause above it.
    CauseTree trace(Seq seq) const;

    /// History as it was just after the event `seq` had its place, as far as retention has left it: see Past. 0: before
    /// the first event; a seq that no event has yet: now. O(1).
    ///
    /// Retention policies count as they were: what was not kept then is not found, and what `set_policies` has moved is
    /// where it was. `swap` exchanges histories with their pasts: moments before it are those of the history that the
    /// store now has.
    Past as_of(Seq seq) const;
    /// The same for the moment just before the first event in history whose time is later than `time`; where there is
    /// none, now. (Times need not ascend, since emitters may give their own: one that is reported late does not move
    /// the moment, one that is ahead of its time does.) O(records up to that moment).
    Past as_of(TimePoint time) const;

    /// Takes in records that happened elsewhere: read from a file, or given by another history. Each is as it was (seq,
    /// time, texts, origin), and is kept as its policy says; the sequence goes on after the last. Of seqs between them
    /// it is not known whether there were records, so `as_of` and joins say that some may be missing. Only for a store
    /// that no event has come to yet; it may be a bus's.
    ///
    /// A record belongs to one history: those that somebody else holds, too, are copied, so move in the only ones.
    /// Throws InvalidArgument where the store has had events, seqs do not increase or exceed 2^63, a record is empty,
    /// or one has to be copied and cannot be; std::bad_alloc, and what copying payloads throws. Nothing has changed
    /// then. O(records).
    void restore(std::vector<Record> records);

    /// Lets go of all records; counters and the sequence go on.
    void clear();

    /// The rules from now on. Records that are already kept go where the new rules send them (user policies are not
    /// asked again), and leave, counted as evicted, where there is no room. Throws InvalidArgument, changing nothing.
    void set_policies(const std::vector<PolicyRule>& policies);

    /// Exchanges records, limits and policies with the other store, each keeping its place: its bus and its sequence,
    /// which goes on after the largest seq that it now holds.
    void swap(EventStore& other);

    StoreStatistics stats() const;
    void reset_stats() noexcept;

    std::size_t capacity() const noexcept;  ///< of the shared ring
    std::size_t size() const noexcept;      ///< records kept, by all policies
    std::size_t bytes() const noexcept;     ///< of those records, payloads at their declared size
    Seq oldest_seq() const noexcept;        ///< 0: it is empty
    Seq newest_seq() const noexcept;        ///< 0: it is empty
    Seq last_seq() const noexcept;          ///< the last one given to any event, kept or not

    /// For the library.
    struct Threads {
        bool several;
    };
    EventStore(const HistoryOptions& options, Threads threads);
    const std::shared_ptr<detail::Ledger>& ledger() const noexcept { return ledger_; }

private:
    template <EventOrBase E>
    std::optional<TypedRecord<E>> newest_of(const Query& query_of_one) const {
        std::vector<TypedRecord<E>> found = query<E>(query_of_one);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }

    Receipt append_draft(const detail::Draft& draft);
    std::vector<Record> query_typed(const Query& query, const detail::EventType& type) const;

    std::shared_ptr<detail::Ledger> ledger_;
    std::shared_ptr<Clock> clock_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/event_store.ipp>
#    include <hindsight/impl/event_store_restore.ipp>
#endif

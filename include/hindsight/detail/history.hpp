// History: the records that are kept, within the limits of count, keys and bytes.
//
// Each record lies in one log: the shared ring's, or that of its rule. A log has its records in seq order and indexes
// over them; queries merge the logs. An append has two steps, both under the ledger's lock: `place_for` finds the place
// and reserves all memory, and may throw; `append` may not. Both are O(1), amortised. Knows nothing of threads itself.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/loss.hpp>
#include <hindsight/detail/record_log.hpp>
#include <hindsight/detail/retention_rule.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// Records that history let go of, chained through themselves. The destructor releases them, which runs user code:
/// it belongs to a scope around the lock.
class EvictedRecords {
public:
    EvictedRecords() noexcept = default;
    EvictedRecords(const EvictedRecords&) = delete;
    EvictedRecords& operator=(const EvictedRecords&) = delete;
    ~EvictedRecords() {
        while (first_ != nullptr) release(std::exchange(first_, first_->next_evicted));
    }
    void add(Envelope& envelope) noexcept { envelope.next_evicted = std::exchange(first_, &envelope); }
    /// They stay where they are after all.
    void forget() noexcept { first_ = nullptr; }
    /// The largest of their seqs; 0: there are none.
    Seq newest() const noexcept;

private:
    Envelope* first_ = nullptr;
};

class HINDSIGHT_API History {
public:
    /// Throws InvalidArgument naming the option that is wrong.
    explicit History(const HistoryOptions& options);
    History(History&& other) noexcept = default;
    History& operator=(History&& other) noexcept = default;
    ~History();

    /// The rule for events of this name: the first that matches. O(rules).
    RetentionRule& rule_for(std::string_view name) noexcept;

    /// Where a record is to go.
    struct Place {
        RecordLog& log;
        Bucket* bucket;  // null: the rule has none
    };
    /// By a rule that keeps something. Reserves the memory to append this record, or one with the same texts, as the
    /// next change. Throws std::bad_alloc, changing nothing that can be seen.
    HINDSIGHT_ALWAYS_INLINE Place place_for(RetentionRule& rule, const Envelope& envelope) {
        if (rule.kind == RetentionRule::Kind::buckets) [[unlikely]]
            return place_in_bucket(rule, envelope);
        RecordLog& log = rule.log ? *rule.log : *shared_;
        log.prepare(envelope, [](const auto&) {});
        return {log, nullptr};
    }

    /// For `count` records with the same texts, of those that are appended one after the other, with nothing else in
    /// between: `place_for` needs no memory for any of them then. Throws std::bad_alloc, changing nothing that can be
    /// seen. In any case each of them, those where it threw included, is to be settled before anything else happens
    /// here.
    void reserve(RetentionRule& rule, const Envelope& envelope, std::size_t count);
    /// They are appended, or not to be.
    void settle(RetentionRule& rule, const Envelope& envelope) noexcept;

    /// Whether the limits let in the record with its payload.
    bool takes_whole(const Envelope& envelope) const noexcept {
        return envelope.payload_bytes <= options_.max_payload_bytes && envelope.footprint <= options_.max_total_bytes;
    }
    /// The same as `place_for` and `append` where the limits leave all as it is: takes over one reference, and gives up
    /// that to the oldest record, which is plain as this one is, and of the same type and size. Null: there is no such
    /// one, and nothing has changed.
    HINDSIGHT_ALWAYS_INLINE Envelope* append_for_alike(RetentionRule& rule, Envelope& envelope) noexcept {
        if (rule.kind == RetentionRule::Kind::buckets) [[unlikely]]
            return nullptr;
        RecordLog& log = rule.log ? *rule.log : *shared_;
        Envelope* const oldest = log.push_back_for_alike(envelope);
        if (oldest != nullptr) [[likely]] {
            ++log.rule().stored;
            ++log.rule().evicted;
        }
        return oldest;
    }
    /// Takes over one reference. The record's seq is larger than all before. Enforces all limits.
    void append(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept;

    // `now`: the last seq given to any event, at which they happen.

    void clear(EvictedRecords& evicted, Seq now) noexcept;
    /// Takes out the records that `goes(const Envelope&)` chooses, counted as evicted.
    template <class F>
    void erase_if(F goes, EvictedRecords& evicted, Seq now) noexcept {
        for_each_log([&](RecordLog& log) {
            const Position end = log.first_position() + log.span();
            for (Position each = log.first_position(); each != end; ++each) {
                const Envelope* const record = log.at(each);
                if (record == nullptr || !goes(*record)) continue;
                log.rule().removed.add(record->seq, now);
                evict(log, each, evicted);
            }
        });
        drop_empty_buckets();
    }

    /// Moves all records of `other` in here, where they go by these rules (user policies are not asked); what finds no
    /// room is evicted. For an empty history, and an empty `evicted`. Throws std::bad_alloc: the other is as before
    /// then, and these two are empty.
    void take_over(History& other, EvictedRecords& evicted, Seq now);

    /// By rules that were replaced, and by replacing them. For all losses see impl/detail/losses.hpp.
    const Loss& lost_earlier() const noexcept { return lost_earlier_; }
    /// Records up to that seq may have been there at that moment, of which nothing is known.
    void note_loss(Seq up_to, Seq moment) noexcept { lost_earlier_.add(up_to, moment); }
    /// It has moved to a ledger that has given this seq last: all that has left is gone by then.
    void goes_on_after(Seq now) noexcept;

    /// Visits those that may hold records.
    template <class F>
    void for_each_log(F visit) const {
        visit(*shared_);
        for (const auto& rule : rules_) {
            if (rule->log) visit(*rule->log);
        }
    }
    const RecordLog& log_of(const RetentionRule& rule) const noexcept { return rule.log ? *rule.log : *shared_; }
    const Envelope* oldest() const noexcept;
    const Envelope* newest() const noexcept;
    std::size_t size() const noexcept;
    std::size_t bytes() const noexcept { return bytes_; }
    const HistoryOptions& options() const noexcept { return options_; }
    const std::vector<std::unique_ptr<RetentionRule>>& rules() const noexcept { return rules_; }
    const RecordLog& shared() const noexcept { return *shared_; }

    void reset_counters() noexcept;
    /// What the rules that were replaced had counted.
    struct Totals {
        std::uint64_t stored = 0, evicted = 0, refused = 0, truncated = 0;
    };
    const Totals& earlier() const noexcept { return earlier_; }

private:
    using Rules = std::vector<std::unique_ptr<RetentionRule>>;

    static Rules make_rules(const std::vector<PolicyRule>& policies, std::size_t shared_capacity);
    RecordLog* log_of_oldest() const noexcept;
    Place place_in_bucket(RetentionRule& rule, const Envelope& envelope);
    void put(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept;
    void put_in_bucket(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept;
    /// Takes out the record at that position, wherever it lies.
    void evict(RecordLog& log, Position position, EvictedRecords& evicted) noexcept;
    /// Counts one that was taken out.
    void let_go(RecordLog& log, Envelope& envelope, EvictedRecords& evicted) noexcept;
    /// Takes out all, without giving up a reference.
    void forget() noexcept;
    void drop_empty_buckets() noexcept;
    // `last_there`: the moment before it happens.
    void prune_buckets(RetentionRule& rule, EvictedRecords& evicted, Seq last_there) noexcept;
    void prune_bytes(EvictedRecords& evicted, Seq last_there) noexcept;

    HistoryOptions options_;
    std::unique_ptr<RecordLog> shared_;
    Rules rules_;  // the library's own events first, then the user's, then the one without a pattern
    std::size_t bytes_ = 0;
    Totals earlier_;
    Loss lost_earlier_;
};

// The emit path's part is inline.

HINDSIGHT_ALWAYS_INLINE void History::append(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept {
    RetentionRule& rule = place.log.rule();
    ++rule.stored;
    if (envelope.has(Envelope::truncated)) ++rule.truncated;
    put(envelope, place, evicted);
    if (place.bucket != nullptr) [[unlikely]]
        prune_buckets(rule, evicted, envelope.seq - 1);
    if (bytes_ > options_.max_total_bytes) [[unlikely]]
        prune_bytes(evicted, envelope.seq - 1);
}

HINDSIGHT_ALWAYS_INLINE void History::put(Envelope& envelope, const Place& place, EvictedRecords& evicted) noexcept {
    bytes_ += envelope.footprint;
    if (place.log.is_full()) {
        let_go(place.log, place.log.push_back_for_oldest(envelope), evicted);
    } else if (place.bucket != nullptr) {
        put_in_bucket(envelope, place, evicted);
    } else {
        place.log.push_back(envelope);
    }
}

HINDSIGHT_ALWAYS_INLINE void History::let_go(RecordLog& log, Envelope& envelope, EvictedRecords& evicted) noexcept {
    bytes_ -= envelope.footprint;
    ++log.rule().evicted;
    evicted.add(envelope);
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/history.ipp>
#endif

// History: the records that are kept, in seq order, within the limits of count, keys and bytes.
//
// Each record lies in one container (the shared ring, a policy's ring, a bucket), which bounds how many there are of
// its kind, and in one list over all, in seq order, which queries walk and which finds the oldest record of all when
// the limit on bytes is reached. Adding and evicting are O(1). Knows nothing of threads: the ledger's lock guards it.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/retention_rule.hpp>
#include <hindsight/export.hpp>
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
        while (first_ != nullptr) release(std::exchange(first_, first_->newer));
    }
    void add(Envelope& envelope) noexcept { envelope.newer = std::exchange(first_, &envelope); }

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

    /// Where the record is to go, by a rule that keeps something. Throws std::bad_alloc (a new
    /// bucket), changing nothing that can be seen.
    Container& container_for(RetentionRule& rule, const Envelope& envelope);

    /// Whether the rule keeps the record, with its payload. User policies are not asked.
    bool keeps_whole(const RetentionRule& rule, const Envelope& envelope) const noexcept {
        return rule.kind != RetentionRule::Kind::none && envelope.payload_bytes <= options_.max_payload_bytes &&
               envelope.footprint <= options_.max_total_bytes;
    }
    /// Takes over one reference. The record's seq is larger than all before. Enforces all limits.
    void append(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept;

    void clear(EvictedRecords& evicted) noexcept;
    /// Takes out the records that `goes(const Envelope&)` chooses, counted as evicted.
    template <class F>
    void erase_if(F goes, EvictedRecords& evicted) noexcept {
        for (Envelope* each = oldest_; each != nullptr;) {
            Envelope* const next = each->newer;
            if (goes(*each)) evict(*each, evicted);
            each = next;
        }
        drop_empty_buckets();
    }

    /// Moves all records of `other` in here, where they go by these rules (user policies are not asked); what finds no
    /// room is evicted. For an empty history. Throws std::bad_alloc, changing nothing.
    void take_over(History& other, EvictedRecords& evicted);

    const Envelope* oldest() const noexcept { return oldest_; }
    const Envelope* newest() const noexcept { return newest_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t bytes() const noexcept { return bytes_; }
    const HistoryOptions& options() const noexcept { return options_; }
    const std::vector<std::unique_ptr<RetentionRule>>& rules() const noexcept { return rules_; }
    std::size_t shared_size() const noexcept { return shared_->ring.size(); }

    void reset_counters() noexcept;
    /// What the rules that were replaced had counted.
    struct Totals {
        std::uint64_t stored = 0, evicted = 0, refused = 0, truncated = 0;
    };
    const Totals& earlier() const noexcept { return earlier_; }

private:
    using Rules = std::vector<std::unique_ptr<RetentionRule>>;

    static Rules make_rules(const std::vector<PolicyRule>& policies, std::size_t shared_capacity);
    void link_newest(Envelope& envelope) noexcept;
    void unlink(Envelope& envelope) noexcept;
    void evict(Envelope& envelope, EvictedRecords& evicted) noexcept;
    void let_go(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept;
    void place(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept;
    void drop_empty_buckets() noexcept;
    void prune_buckets(RetentionRule& rule, EvictedRecords& evicted) noexcept;

    HistoryOptions options_;
    std::unique_ptr<Container> shared_;
    Rules rules_;  // the library's own events first, then the user's, then the one without a pattern
    std::size_t size_ = 0;
    Envelope* oldest_ = nullptr;
    Envelope* newest_ = nullptr;
    std::size_t bytes_ = 0;
    Totals earlier_;
};

// The emit path's part is inline.

inline Container& History::container_for(RetentionRule& rule, const Envelope& envelope) {
    if (rule.kind == RetentionRule::Kind::buckets) return rule.bucket_for(envelope.name(), envelope.key());
    return rule.ring ? *rule.ring : *shared_;
}

inline void prefetch([[maybe_unused]] const Envelope* envelope) noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(envelope, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(envelope) + 64, 1);
#endif
}

HINDSIGHT_ALWAYS_INLINE void History::append(Envelope& envelope, Container& container,
                                             EvictedRecords& evicted) noexcept {
    RetentionRule& rule = *container.rule;
    ++rule.stored;
    if (envelope.has(Envelope::truncated)) ++rule.truncated;
    place(envelope, container, evicted);
    if (rule.kind == RetentionRule::Kind::buckets) prune_buckets(rule, evicted);
    while (bytes_ > options_.max_total_bytes) evict(*oldest_, evicted);
    // It will be the next to leave, and is older than the caches remember.
    prefetch(oldest_);
}

HINDSIGHT_ALWAYS_INLINE void History::place(Envelope& envelope, Container& container,
                                            EvictedRecords& evicted) noexcept {
    RetentionRule& rule = *container.rule;
    if (container.ring.full()) {
        let_go(*container.ring.push_back_for_front(&envelope), container, evicted);
    } else {
        container.ring.push_back(&envelope);
    }
    envelope.container = &container;
    ++rule.size;
    if (rule.kind == RetentionRule::Kind::buckets) rule.make_most_recent(static_cast<Bucket&>(container));
    link_newest(envelope);
}

inline void History::evict(Envelope& envelope, EvictedRecords& evicted) noexcept {
    Container& container = *envelope.container;
    container.ring.erase(&envelope);
    let_go(envelope, container, evicted);
}

HINDSIGHT_ALWAYS_INLINE void History::let_go(Envelope& envelope, Container& container,
                                             EvictedRecords& evicted) noexcept {
    --container.rule->size;
    ++container.rule->evicted;
    unlink(envelope);
    evicted.add(envelope);
}

HINDSIGHT_ALWAYS_INLINE void History::link_newest(Envelope& envelope) noexcept {
    envelope.older = newest_;
    envelope.newer = nullptr;
    (newest_ ? newest_->newer : oldest_) = &envelope;
    newest_ = &envelope;
    ++size_;
    bytes_ += envelope.footprint;
}

HINDSIGHT_ALWAYS_INLINE void History::unlink(Envelope& envelope) noexcept {
    (envelope.older ? envelope.older->newer : oldest_) = envelope.newer;
    (envelope.newer ? envelope.newer->older : newest_) = envelope.older;
    envelope.container = nullptr;
    --size_;
    bytes_ -= envelope.footprint;
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/history.ipp>
#endif

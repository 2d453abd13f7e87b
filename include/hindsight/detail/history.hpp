// History: the records that are kept, in seq order, within the limits of count, keys and bytes.
//
// Each record lies in one container (the shared ring, a policy's ring, a bucket), which bounds how many there are of its
// kind, and in one list over all, in seq order, which queries walk and which finds the oldest record of all when the
// limit on bytes is reached. Adding and evicting are O(1). Knows nothing of threads: the ledger's lock guards it.
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

    /// Where a record of this name and key is to go, for a rule that keeps something. Throws std::bad_alloc (a new
    /// bucket), changing nothing that can be seen.
    Container& container_for(RetentionRule& rule, std::string_view name, std::string_view key);

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

private:
    using Rules = std::vector<std::unique_ptr<RetentionRule>>;

    static Rules make_rules(const std::vector<PolicyRule>& policies, std::size_t shared_capacity);
    void link_newest(Envelope& envelope) noexcept;
    void unlink(Envelope& envelope) noexcept;
    void evict(Envelope& envelope, EvictedRecords& evicted) noexcept;
    void place(Envelope& envelope, Container& container, EvictedRecords& evicted) noexcept;
    void prune_buckets(RetentionRule& rule, EvictedRecords& evicted) noexcept;

    HistoryOptions options_;
    std::unique_ptr<Container> shared_;
    Rules rules_;  // the library's own events first, then the user's, then the one without a pattern
    Envelope* oldest_ = nullptr;
    Envelope* newest_ = nullptr;
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/history.ipp>
#endif

// RetentionRule: one policy in use: its records, unless they share a ring with those of others, its buckets and its
// counters.
// Guarded by the ledger's lock; knows nothing of threads itself.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/loss.hpp>
#include <hindsight/detail/record_log.hpp>
#include <hindsight/detail/ring.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hindsight::detail {

/// The newest records of one (name, key).
struct Bucket {
    explicit Bucket(std::size_t capacity) : ring(capacity) {}
    Ring<Position> ring;         // in the rule's log
    std::string_view name, key;  // of the map's key
    Bucket* less_recent = nullptr;
    Bucket* more_recent = nullptr;
    Seq replaced = 0;       // the largest seq that has left for a newer record
    bool reserved = false;  // for records that are about to be appended: it stays in the map until then
    bool linked = false;    // among the more and less recent ones; else there is nothing in it
};

struct HINDSIGHT_API RetentionRule {
    struct BucketKey {
        std::string name, key;
    };
    struct BucketKeyView {
        std::string_view name, key;
    };
    struct BucketHash {
        using is_transparent = void;
        template <class Key>
        std::size_t operator()(const Key& bucket) const noexcept {
            const std::hash<std::string_view> hash;
            return hash(bucket.name) * 31 + hash(bucket.key);
        }
    };
    struct BucketEqual {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const noexcept {
            return a.name == b.name && a.key == b.key;
        }
    };
    enum class Kind : std::uint8_t { none, ring, buckets };

    /// No pattern: for the events that no rule matches. Throws InvalidArgument naming the policy that is wrong.
    RetentionRule(std::optional<Pattern> pattern, const RetentionPolicy& policy, std::size_t shared_capacity);
    RetentionRule(const RetentionRule&) = delete;
    RetentionRule& operator=(const RetentionRule&) = delete;

    bool matches(std::string_view event) const noexcept { return !pattern || pattern->matches(event); }
    bool shared() const noexcept { return kind == Kind::ring && !log; }

    /// The bucket of (name, key), made if it is missing. Throws std::bad_alloc, changing nothing.
    Bucket& bucket_for(std::string_view name, std::string_view key);
    /// Makes sure that `bucket_for` needs no memory for it until it is settled. Throws std::bad_alloc, changing nothing
    /// that can be seen.
    void reserve_bucket(std::string_view name, std::string_view key);
    void settle_bucket(std::string_view name, std::string_view key) noexcept;
    /// Those that are there, but for what is only reserved.
    std::size_t bucket_count() const noexcept { return buckets.size() - unlinked; }
    /// One that is there.
    Bucket& bucket_of(const Envelope& envelope) noexcept {
        return buckets.find(BucketKeyView{envelope.name(), envelope.key()})->second;
    }
    /// Replaces the positions that the buckets hold, as Postings::replace_each does.
    template <class F>
    void replace_positions(F replacement) noexcept {
        for (Bucket* each = least_recent; each != nullptr; each = each->more_recent)
            each->ring.replace_each(replacement);
    }
    void make_most_recent(Bucket& bucket) noexcept;
    void erase(Bucket& bucket) noexcept;
    void clear_buckets() noexcept;

    std::optional<Pattern> pattern;
    RetentionPolicy policy;
    Kind kind = Kind::none;
    std::size_t bucket_capacity = 0;
    std::size_t max_buckets = 0;
    std::unique_ptr<RecordLog> log;  // of its own; none: its records go to the shared one
    std::unordered_map<BucketKey, Bucket, BucketHash, BucketEqual> buckets;
    Bucket* least_recent = nullptr;
    Bucket* most_recent = nullptr;
    std::size_t unlinked = 0;  // buckets

    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t refused = 0;
    std::uint64_t truncated = 0;

    // Of its log, but for what rings and buckets have lost to newer records.
    Loss removed;                  // by `clear` and `erase_if` of history
    Loss pruned;                   // for the limits on buckets and bytes
    bool evicted_earlier = false;  // something that its counter knows no more

private:
    Bucket& bucket_in_map(std::string_view name, std::string_view key);
    void link(Bucket& bucket) noexcept;
    void unlink(Bucket& bucket) noexcept;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/retention_rule.ipp>
#endif

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
    Seq replaced = 0;  // the largest seq that has left for a newer record
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
    /// One that is there.
    Bucket& bucket_of(const Envelope& envelope) noexcept {
        return buckets.find(BucketKeyView{envelope.name(), envelope.key()})->second;
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

    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t refused = 0;
    std::uint64_t truncated = 0;

    // Of its log, but for what rings and buckets have lost to newer records.
    Loss removed;                  // by `clear` and `erase_if` of history
    Loss pruned;                   // for the limits on buckets and bytes
    bool evicted_earlier = false;  // something that its counter knows no more

private:
    void unlink(Bucket& bucket) noexcept;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/retention_rule.ipp>
#endif

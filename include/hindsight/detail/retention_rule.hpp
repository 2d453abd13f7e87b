// RetentionRule: one policy in use: its ring, or its buckets, and its counters.
// Guarded by the ledger's lock; knows nothing of threads itself.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/ring.hpp>
#include <hindsight/retention.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hindsight::detail {

struct RetentionRule;

/// More than this is a mistake, or meant as "no limit", which history does not have.
inline constexpr std::size_t most_records = std::size_t{1} << 40;

/// A ring of records that counts against one limit: a policy's, or one bucket's.
struct Container {
    Container(RetentionRule& rule_, std::size_t capacity) : rule(&rule_), ring(capacity) {}
    RetentionRule* rule;
    Ring<Envelope*> ring;
};

/// The newest records of one (name, key).
struct Bucket : Container {
    using Container::Container;
    std::string_view name, key;  // of the map's key
    Bucket* less_recent = nullptr;
    Bucket* more_recent = nullptr;
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
    bool shared() const noexcept { return kind == Kind::ring && !ring; }

    /// The bucket of (name, key), made if it is missing. Throws std::bad_alloc, changing nothing.
    Bucket& bucket_for(std::string_view name, std::string_view key);
    void make_most_recent(Bucket& bucket) noexcept;
    void erase(Bucket& bucket) noexcept;

    std::optional<Pattern> pattern;
    RetentionPolicy policy;
    Kind kind = Kind::none;
    std::size_t bucket_capacity = 0;
    std::size_t max_buckets = 0;
    std::optional<Container> ring;  // a user's policy's own; none for the shared ring
    std::unordered_map<BucketKey, Bucket, BucketHash, BucketEqual> buckets;
    Bucket* least_recent = nullptr;
    Bucket* most_recent = nullptr;

    std::size_t size = 0;  // records now in history
    std::uint64_t stored = 0;
    std::uint64_t evicted = 0;
    std::uint64_t refused = 0;
    std::uint64_t truncated = 0;

private:
    void unlink(Bucket& bucket) noexcept;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/retention_rule.ipp>
#endif

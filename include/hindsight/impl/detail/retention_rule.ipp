#pragma once

#include <hindsight/detail/retention_rule.hpp>
#include <hindsight/error.hpp>

#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE RetentionRule::RetentionRule(std::optional<Pattern> pattern_, const RetentionPolicy& policy_,
                                              std::size_t shared_capacity)
    : pattern(std::move(pattern_)), policy(policy_) {
    const auto fault = [&](const char* what) {
        return InvalidArgument("retention policy for \"" + std::string(pattern ? pattern->text() : "*") +
                               "\": " + what);
    };
    const auto require_sensible = [&](std::size_t capacity) {
        if (capacity > most_records) throw fault("its capacity is over 2^30 records");
    };
    if (std::holds_alternative<SharedRing>(policy.get())) {
        kind = shared_capacity > 0 ? Kind::ring : Kind::none;
    } else if (const auto* bucket_ring = std::get_if<BucketRing>(&policy.get())) {
        if (bucket_ring->capacity == 0) throw fault("BucketRing.capacity is 0; use KeepNone to keep nothing");
        if (bucket_ring->max_keys == 0) throw fault("BucketRing.max_keys is 0; use KeepNone to keep nothing");
        require_sensible(bucket_ring->capacity);
        kind = Kind::buckets;
        bucket_capacity = bucket_ring->capacity;
        max_buckets = bucket_ring->max_keys;
        log = std::make_unique<RecordLog>(*this);
    } else if (const auto* custom = std::get_if<RetentionPolicy::Custom>(&policy.get())) {
        const std::size_t capacity = (*custom)->capacity();
        require_sensible(capacity);
        if (capacity > 0) {
            kind = Kind::ring;
            log = std::make_unique<RecordLog>(*this, capacity);
        }
    }
}

HINDSIGHT_INLINE Bucket& RetentionRule::bucket_for(std::string_view name, std::string_view key) {
    Bucket& bucket = bucket_in_map(name, key);
    if (!bucket.linked) link(bucket);
    return bucket;
}

HINDSIGHT_INLINE Bucket& RetentionRule::bucket_in_map(std::string_view name, std::string_view key) {
    if (const auto found = buckets.find(BucketKeyView{name, key}); found != buckets.end()) return found->second;
    const auto [made, inserted] = buckets.try_emplace(BucketKey{std::string(name), std::string(key)}, bucket_capacity);
    Bucket& bucket = made->second;
    bucket.name = made->first.name;
    bucket.key = made->first.key;
    ++unlinked;
    return bucket;
}

HINDSIGHT_INLINE void RetentionRule::reserve_bucket(std::string_view name, std::string_view key) {
    bucket_in_map(name, key).reserved = true;
}

HINDSIGHT_INLINE void RetentionRule::settle_bucket(std::string_view name, std::string_view key) noexcept {
    const auto found = buckets.find(BucketKeyView{name, key});
    if (found == buckets.end()) return;
    found->second.reserved = false;
    if (found->second.linked) return;
    --unlinked;
    buckets.erase(found);
}

HINDSIGHT_INLINE void RetentionRule::link(Bucket& bucket) noexcept {
    bucket.linked = true;
    --unlinked;
    bucket.less_recent = nullptr;
    bucket.more_recent = least_recent;
    (least_recent ? least_recent->less_recent : most_recent) = &bucket;
    least_recent = &bucket;
}

HINDSIGHT_INLINE void RetentionRule::make_most_recent(Bucket& bucket) noexcept {
    if (most_recent == &bucket) return;
    unlink(bucket);
    bucket.less_recent = most_recent;
    bucket.more_recent = nullptr;
    (most_recent ? most_recent->more_recent : least_recent) = &bucket;
    most_recent = &bucket;
}

HINDSIGHT_INLINE void RetentionRule::erase(Bucket& bucket) noexcept {
    unlink(bucket);
    if (!bucket.reserved) {
        buckets.erase(buckets.find(BucketKeyView{bucket.name, bucket.key}));
        return;
    }
    bucket.linked = false;
    bucket.replaced = 0;
    ++unlinked;
}

HINDSIGHT_INLINE void RetentionRule::clear_buckets() noexcept {
    buckets.clear();
    least_recent = most_recent = nullptr;
    unlinked = 0;
}

HINDSIGHT_INLINE void RetentionRule::unlink(Bucket& bucket) noexcept {
    (bucket.less_recent ? bucket.less_recent->more_recent : least_recent) = bucket.more_recent;
    (bucket.more_recent ? bucket.more_recent->less_recent : most_recent) = bucket.less_recent;
}

}  // namespace hindsight::detail

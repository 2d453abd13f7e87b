#pragma once

#include <hindsight/retention.hpp>

#include <utility>

namespace hindsight {

HINDSIGHT_INLINE RetentionPolicy::RetentionPolicy(SharedRing policy) noexcept : policy_(policy) {}

HINDSIGHT_INLINE RetentionPolicy::RetentionPolicy(KeepNone policy) noexcept : policy_(policy) {}

HINDSIGHT_INLINE RetentionPolicy::RetentionPolicy(BucketRing policy) noexcept : policy_(policy) {}

HINDSIGHT_INLINE RetentionPolicy::RetentionPolicy(LastPerKey policy) noexcept
    : policy_(BucketRing{.capacity = 1, .max_keys = policy.max_keys}) {}

HINDSIGHT_INLINE RetentionPolicy::RetentionPolicy(Custom policy) noexcept : policy_(std::move(policy)) {}

}  // namespace hindsight

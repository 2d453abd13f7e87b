#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace hindsight::detail::delivery_log {

inline std::size_t require_some(std::size_t capacity) {
    if (capacity == 0) throw InvalidArgument("DeliveryLog: capacity is 0: it would remember nothing");
    return capacity;
}

}  // namespace hindsight::detail::delivery_log

namespace hindsight {

HINDSIGHT_INLINE DeliveryLog::DeliveryLog(std::size_t capacity) : ring_(detail::delivery_log::require_some(capacity)) {}

HINDSIGHT_INLINE DeliveryLog::~DeliveryLog() = default;

HINDSIGHT_INLINE void DeliveryLog::add(HandlerRun run) noexcept {
    // What it overwrites is destroyed with the parameter, after unlocking.
    const std::lock_guard lock(lock_);
    std::swap(ring_[added_ % ring_.size()], run);
    ++added_;
}

HINDSIGHT_INLINE std::vector<HandlerRun> DeliveryLog::runs() const {
    std::vector<HandlerRun> found(ring_.size());
    std::uint64_t added = 0;
    {
        const std::lock_guard lock(lock_);
        added = added_;
        const std::size_t known = static_cast<std::size_t>(std::min<std::uint64_t>(added, ring_.size()));
        std::copy_n(ring_.begin(), known, found.begin());
    }
    if (added < found.size()) {
        found.resize(static_cast<std::size_t>(added));
    } else {
        std::rotate(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(added % found.size()), found.end());
    }
    return found;
}

HINDSIGHT_INLINE std::uint64_t DeliveryLog::overwritten() const noexcept {
    const std::lock_guard lock(lock_);
    return added_ - std::min<std::uint64_t>(added_, ring_.size());
}

}  // namespace hindsight

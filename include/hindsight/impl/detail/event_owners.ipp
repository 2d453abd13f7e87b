#pragma once

#include <hindsight/detail/event_owners.hpp>

namespace hindsight::detail {

HINDSIGHT_INLINE EventOwners& EventOwners::instance() {
    static EventOwners* const owners = new EventOwners;
    return *owners;
}

HINDSIGHT_INLINE void EventOwners::add(std::uint64_t origin, const std::shared_ptr<EventOwner>& owner) {
    const std::lock_guard lock(mutex_);
    owners_.insert_or_assign(origin, owner);
}

HINDSIGHT_INLINE void EventOwners::remove(std::uint64_t origin) noexcept {
    const std::lock_guard lock(mutex_);
    // An owner removes itself at its end; another may have taken its place by then.
    const auto found = owners_.find(origin);
    if (found != owners_.end() && found->second.expired()) owners_.erase(found);
}

HINDSIGHT_INLINE std::shared_ptr<EventOwner> EventOwners::find(std::uint64_t origin) {
    const std::lock_guard lock(mutex_);
    const auto found = owners_.find(origin);
    return found != owners_.end() ? found->second.lock() : nullptr;
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/clock.hpp>

#include <utility>

namespace hindsight {

HINDSIGHT_INLINE void ManualClock::set(TimePoint time) noexcept {
    now_.store(time.time_since_epoch().count(), std::memory_order_release);
    tell_listeners();
}

HINDSIGHT_INLINE void ManualClock::advance(Duration by) noexcept {
    now_.fetch_add(by.count(), std::memory_order_acq_rel);
    tell_listeners();
}

HINDSIGHT_INLINE bool ManualClock::go_on_to(TimePoint time) noexcept {
    const Duration::rep wanted = time.time_since_epoch().count();
    Duration::rep now = now_.load(std::memory_order_acquire);
    while (now < wanted && !now_.compare_exchange_weak(now, wanted, std::memory_order_acq_rel)) {}
    tell_listeners();
    return true;
}

HINDSIGHT_INLINE bool ManualClock::add_listener(const std::weak_ptr<ClockListener>& listener) {
    const std::lock_guard lock(mutex_);
    auto more = std::make_shared<Listeners>();
    if (listeners_) {
        for (const auto& each : *listeners_) {
            if (!each.expired()) more->push_back(each);
        }
    }
    more->push_back(listener);
    listeners_ = std::move(more);
    return true;
}

HINDSIGHT_INLINE void ManualClock::tell_listeners() const noexcept {
    std::shared_ptr<const Listeners> told;
    {
        const std::lock_guard lock(mutex_);
        told = listeners_;
    }
    if (!told) return;
    for (const auto& each : *told) {
        if (const std::shared_ptr<ClockListener> listener = each.lock()) listener->clock_moved();
    }
}

}  // namespace hindsight

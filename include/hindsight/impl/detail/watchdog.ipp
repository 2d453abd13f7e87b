#pragma once

#include <hindsight/detail/watchdog.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace hindsight::detail {

namespace watchdog {

/// Stops at the end of the clock's range.
inline Deadline later(Deadline time, Duration by) noexcept {
    return by > Deadline::max() - time ? Deadline::max() : time + by;
}

}  // namespace watchdog

HINDSIGHT_INLINE void Watchdog::expect(Duration threshold) {
    const std::lock_guard lock(mutex_);
    if (!ending_ && !thread_.joinable()) thread_ = std::thread([self = shared_from_this()] { self->work(); });
    if (threshold >= shortest_) return;
    shortest_ = threshold;
    changed_.notify_one();  // it may be about to sleep for longer
}

HINDSIGHT_INLINE void Watchdog::begin(WatchedRun& run, Node& node, const Record& record, Duration threshold) noexcept {
    run.node = &node;
    run.record = &record;
    run.began = std::chrono::steady_clock::now();
    run.after = threshold;
    const std::lock_guard lock(mutex_);
    run.next = first_;
    if (first_ != nullptr) first_->previous = &run;
    first_ = &run;
    if (std::exchange(sleeps_, false)) changed_.notify_one();
}

HINDSIGHT_INLINE void Watchdog::end(WatchedRun& run) noexcept {
    const std::lock_guard lock(mutex_);
    (run.previous != nullptr ? run.previous->next : first_) = run.next;
    if (run.next != nullptr) run.next->previous = run.previous;
}

HINDSIGHT_INLINE void Watchdog::stop(bool may_wait) noexcept {
    std::thread thread;
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        changed_.notify_one();
        thread.swap(thread_);
    }
    if (!thread.joinable()) return;
    if (may_wait && thread.get_id() != std::this_thread::get_id()) {
        thread.join();
    } else {
        thread.detach();
    }
}

HINDSIGHT_INLINE void Watchdog::work() noexcept {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (first_ == nullptr) {
            sleeps_ = true;
            changed_.wait(lock);
            continue;
        }
        const Deadline now = std::chrono::steady_clock::now();
        Deadline wake = watchdog::later(now, std::min(shortest_, Duration(std::chrono::hours(24))));
        if (WatchedRun* const due = find_due_locked(now, wake)) {
            tell(lock, *due, now);
        } else {
            changed_.wait_until(lock, wake);
        }
    }
}

HINDSIGHT_INLINE WatchedRun* Watchdog::find_due_locked(Deadline now, Deadline& wake) const noexcept {
    for (WatchedRun* run = first_; run != nullptr; run = run->next) {
        const Deadline due = watchdog::later(run->began, run->after);
        if (due <= now) return run;
        wake = std::min(wake, due);
    }
    return nullptr;
}

HINDSIGHT_INLINE void Watchdog::tell(std::unique_lock<std::mutex>& lock, WatchedRun& run, Deadline now) noexcept {
    const Duration running = now - run.began;
    // The next time when it has taken twice as long; what has been over by now is told once.
    while (run.after <= running) run.after = run.after > Duration::max() / 2 ? Duration::max() : 2 * run.after;
    const unsigned told = ++run.told;
    NodePtr node = NodePtr::share(*run.node);
    Record record = *run.record;
    lock.unlock();
    if (const std::shared_ptr<WatchdogOwner> owner = owner_.lock()) owner->tell_of_slow(*node, record, running, told);
    // These may be the last to be let go of.
    record = Record();
    node = NodePtr();
    lock.lock();
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace hindsight::detail {

namespace hub_shutdown {

inline bool is_inside(const Frame* top, const Hub& hub) noexcept {
    for (; top != nullptr; top = top->outer) {
        if (top->engine == &hub) return true;
    }
    return false;
}

/// Whether this thread is in the middle of a turn of the node: that turn goes on only after this call has returned.
inline bool delivers_here(const Frame* top, const Node& node) noexcept {
    for (; top != nullptr; top = top->outer) {
        if (top->queued && top->node() == &node) return true;
    }
    return false;
}

}  // namespace hub_shutdown

/// One shutdown after the other. A thread that has its turn already gets no second one; nor does one inside the hub,
/// where it would have to wait for another that may wait for it.
class HINDSIGHT_SCOPED_CAPABILITY Hub::ShutdownTurn {
public:
    ShutdownTurn(Hub& hub, bool is_inside) HINDSIGHT_UNCHECKED_ACQUIRE(hub.shutdown_mutex_)
        : owner_(hub.shutting_down_), lock_(hub.shutdown_mutex_, std::defer_lock) {
        const ThreadSlot& me = ThreadSlot::current();
        if (owner_.load(std::memory_order_relaxed) == &me) return;
        if (is_inside) {
            if (!lock_.try_lock()) return;
        } else {
            lock_.lock();
        }
        owner_.store(&me, std::memory_order_relaxed);
    }
    ShutdownTurn(const ShutdownTurn&) = delete;
    ShutdownTurn& operator=(const ShutdownTurn&) = delete;
    ~ShutdownTurn() HINDSIGHT_RELEASE() HINDSIGHT_UNCHECKED_LOCKING {
        if (lock_.owns_lock()) owner_.store(nullptr, std::memory_order_relaxed);
    }
    explicit operator bool() const noexcept { return lock_.owns_lock(); }

private:
    std::atomic<const ThreadSlot*>& owner_;
    std::unique_lock<std::mutex> lock_;
};

HINDSIGHT_INLINE void Hub::end(Duration timeout) noexcept {
    // What a shutdown has left undelivered is in its report already.
    if (state_.load(std::memory_order_acquire) != State::closed) {
        tells_of_discarded_.store(true, std::memory_order_release);
    }
    try {
        shutdown(timeout);
    } catch (const std::bad_alloc&) {
        // stop() does what is left, without draining.
    }
}

HINDSIGHT_INLINE ShutdownReport Hub::shutdown(Duration timeout) {
    if (timeout < Duration::zero()) throw InvalidArgument("shutdown: the timeout is negative");
    const Deadline deadline = deadline_after(timeout);
    const Frame* const top = ThreadSlot::current().top;
    ShutdownReport report;
    bool all_remembered = false;
    Timetable::Lines rest;  // of what is scheduled; destroyed without a lock
    {
        const ShutdownTurn turn(*this, hub_shutdown::is_inside(top, *this));
        if (!turn) {
            // Another thread shuts down and waits for this very handler, or this one does, further up.
            report.drained = false;
            return report;
        }
        if (state_.load(std::memory_order_acquire) == State::closed) return report_;
        finish_schedules(top == nullptr, deadline);
        {
            const std::lock_guard state_lock(ledger_->mutex);
            state_.store(State::draining, std::memory_order_seq_cst);
        }
        wake_waiting_emitters();
        try {
            report.drained = drain(top, deadline);
        } catch (const std::bad_alloc&) {
            report.drained = false;  // there is no memory to look with; what is left is counted below
        }
        all_remembered = shut(report);
        rest = close_schedules(report);
        remember(report);
    }
    end_rest(rest);
    close_all(!all_remembered);
    return report;
}

HINDSIGHT_INLINE void Hub::remember(const ShutdownReport& report) noexcept {
    report_.drained = report.drained;
    report_.undelivered = report.undelivered;
    report_.not_emitted = report.not_emitted;
    try {
        report_.by_schedule = report.by_schedule;
        report_.by_subscription = report.by_subscription;
    } catch (const std::bad_alloc&) {
        // The sum is remembered all the same.
    }
}

HINDSIGHT_INLINE bool Hub::drain(const Frame* top, Deadline deadline) {
    for (;;) {
        const std::uint32_t epoch = drain_epoch_.load(std::memory_order_acquire);
        const bool ran_some = run_what_waits_for_this_thread(top);
        if (is_drained(top)) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        if (ran_some) continue;
        const bool moved =
            park_until(&drain_epoch_, deadline, [&] { return drain_epoch_.load(std::memory_order_acquire) != epoch; });
        if (!moved) return is_drained(top);
    }
}

HINDSIGHT_INLINE bool Hub::run_what_waits_for_this_thread(const Frame* top) {
    std::size_t count = 0;
    for (const NodePtr& node : registry_.nodes()) {
        if (node->hold_back) let_in(*node, TimePoint::max());  // there is no later
        if (!node->mailbox || node->readers || hub_shutdown::delivers_here(top, *node)) continue;
        {
            const std::lock_guard lock(ledger_->mutex);
            if (node->mailbox->waiting() == 0 || node->mailbox->stage() == Mailbox::Stage::in_turn) continue;
        }
        bool here = false;
        {
            Frame frame(ThreadSlot::current(), *this);
            Running running(frame);
            here = (running.move_to(*node) & Node::dead) == 0 && node->runs_here();
        }
        // A little at a time: handlers may emit for ever, and time may be over meanwhile.
        std::size_t delivered = 0;
        if (here && node->has(Node::concurrent)) {
            help_concurrently(*node, delivered);
        } else if (here) {
            deliver(*node, 1, delivered);
        }
        count += delivered;
    }
    return pending_tasks_->go_on_with_runs() || count > 0;
}

HINDSIGHT_INLINE bool Hub::is_drained(const Frame* top) const {
    const std::vector<NodePtr> nodes = registry_.nodes();
    const std::lock_guard lock(ledger_->mutex);
    return std::ranges::all_of(nodes, [&](const NodePtr& node) {
        return !node->mailbox || node->readers || node->mailbox->unfinished() == 0 ||
               hub_shutdown::delivers_here(top, *node);
    });
}

HINDSIGHT_INLINE void Hub::wake_waiting_emitters() noexcept {
    registry_.for_each_node([this](Node& node) {
        if (!node.mailbox) return;
        {
            const std::lock_guard lock(ledger_->mutex);
            node.mailbox->release_emitters();
        }
        unpark_all(&node.mailbox->room_epoch);
    });
}

HINDSIGHT_INLINE void Hub::note_progress_of_drain() noexcept {
    if (state_.load(std::memory_order_acquire) == State::open) [[likely]]
        return;
    drain_epoch_.fetch_add(1, std::memory_order_release);
    unpark_all(&drain_epoch_);
}

HINDSIGHT_INLINE bool Hub::shut(ShutdownReport& report) noexcept {
    {
        const std::lock_guard lock(ledger_->mutex);
        state_.store(State::closed, std::memory_order_seq_cst);
    }
    bool all_remembered = true;
    registry_.for_each_node([&](Node& node) HINDSIGHT_UNCHECKED_LOCKING {
        const std::size_t left = end_deliveries(node);
        if (left > 0) {
            report.drained = false;
            report.undelivered += left;
        }
        try {
            ended_.push_back(NodePtr::share(node));
            if (left > 0)
                report.by_subscription.push_back({node.id, node.name, std::string(node.pattern->text()), left});
        } catch (const std::bad_alloc&) {
            all_remembered = false;  // the sum is right all the same
        }
    });
    return all_remembered;
}

HINDSIGHT_INLINE void Hub::close_all(bool wait) noexcept {
    registry_.for_each_node([&](Node& node) {
        close(node);
        if (wait) quiesce(node);
    });
}

HINDSIGHT_INLINE std::size_t Hub::end_deliveries(Node& node) noexcept {
    const std::lock_guard lock(ledger_->mutex);
    const bool was_dead = (node.flags.fetch_or(Node::dead, std::memory_order_seq_cst) & Node::dead) != 0;
    if (was_dead || !node.mailbox || node.readers) return 0;  // what is in an inbox stays readable
    heavy_fence();
    return node.mailbox->lost();
}

HINDSIGHT_INLINE bool Hub::stop() noexcept {
    Timetable::Lines rest;
    std::vector<NodePtr> ended;
    {
        const ShutdownTurn turn(*this, hub_shutdown::is_inside(ThreadSlot::current().top, *this));
        if (!turn) {
            stopped_.store(true, std::memory_order_release);
            return false;
        }
        ShutdownReport unheard;
        shut(unheard);
        rest = close_schedules(unheard);
        ended.swap(ended_);
    }
    end_rest(rest);
    close_all(true);
    if (Timetable* const table = timetable_.load(std::memory_order_acquire))
        table->end(ThreadSlot::current().top == nullptr);
    if (Watchdog* const watchdog = watchdog_.load(std::memory_order_acquire))
        watchdog->stop(ThreadSlot::current().top == nullptr);
    bool others_run = false;
    for (const NodePtr& node : ended) {
        const bool has_ended = quiesce(*node, shared_from_this());
        others_run = others_run || (!has_ended && is_run_by_others(*node));
    }
    ended.clear();
    stopped_.store(true, std::memory_order_release);
    pending_tasks_->end();
    return !others_run;
}

}  // namespace hindsight::detail

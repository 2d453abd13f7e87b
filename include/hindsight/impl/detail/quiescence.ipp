#pragma once

#include <hindsight/detail/quiescence.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

namespace quiescence {

inline bool runs(const ThreadSlot& slot, const Node& node) noexcept {
    bool found = false;
    slot.for_each_cell([&](const Cell& cell) { found = found || fenced_load(cell.node) == &node; });
    return found;
}

// The functions below are called with the mutex of ThreadSlots held.

/// A thread that destroys the node's state is as busy with it as one that runs its handler.
inline bool occupies(const ThreadSlot& slot, const Node& node) noexcept {
    return node.destroyer == &slot || runs(slot, node);
}

inline bool is_busy(ThreadSlots& slots, const ThreadSlot& me, const Node& node) noexcept {
    bool busy = node.destroyer != nullptr || node.run_executor != nullptr;
    if (node.has(Node::unseen)) return busy;
    slots.for_each([&](const ThreadSlot& slot) {
        const bool may_run = &slot == &me ? me.top != nullptr : slot.in_use();
        busy = busy || (may_run && runs(slot, node));
    });
    return busy;
}

/// Whether a thread that occupies `node` waits, directly or through others, for one that `me` occupies. Every edge to a
/// waiting thread was added under the mutex by a thread that asked this first, so the chains of waiters have no cycle
/// yet and the recursion ends.
inline bool would_deadlock(ThreadSlots& slots, const ThreadSlot& me, const Node& node) noexcept {
    bool cycle = false;
    slots.for_each([&](const ThreadSlot& slot) {
        if (cycle || &slot == &me || slot.waiting_for == nullptr || !occupies(slot, node)) return;
        cycle = occupies(me, *slot.waiting_for) || would_deadlock(slots, me, *slot.waiting_for);
    });
    return cycle;
}

inline bool only_slot_in_use(ThreadSlots& slots, const ThreadSlot& me) noexcept {
    bool only = true;
    slots.for_each([&](const ThreadSlot& slot) { only = only && (&slot == &me || !slot.in_use()); });
    return only;
}

/// Whether a run that is under way may need this very thread to go on. Unlocks to ask the executor.
inline bool may_go_on_here(std::unique_lock<std::mutex>& lock, const ThreadSlot& me,
                           const Node& node) noexcept HINDSIGHT_UNCHECKED_LOCKING {
    if (me.top != nullptr) return true;
    std::shared_ptr<Executor> executor = node.run_executor;
    lock.unlock();
    const bool here = executor->runs_here();
    executor.reset();  // it may be the last to hold it
    lock.lock();
    return here;
}

/// Destroys the state if nobody is busy with the node and nobody has done it; unlocks for the user's destructors.
/// Returns the owner if it is `needed`, which must not be let go of with the lock.
[[nodiscard]] inline std::shared_ptr<NodeOwner> destroy_if_idle(ThreadSlots& slots, std::unique_lock<std::mutex>& lock,
                                                                ThreadSlot& me,
                                                                Node& node) noexcept HINDSIGHT_UNCHECKED_LOCKING {
    if (is_busy(slots, me, node) ||
        (node.flags.fetch_or(Node::claimed, std::memory_order_seq_cst) & Node::claimed) != 0) {
        return {};
    }
    node.destroyer = &me;
    lock.unlock();
    node.destroy_callables();
    lock.lock();
    node.destroyer = nullptr;
    node.flags.fetch_or(Node::ended, std::memory_order_seq_cst);
    slots.changed.notify_all();
    return std::move(node.needed);
}

inline bool quiesce(Node& node, bool wait, std::shared_ptr<NodeOwner> owner) noexcept {
    if (node.has(Node::ended)) return true;
    const NodePtr keep = NodePtr::share(node);
    ThreadSlot& me = ThreadSlot::current();
    ThreadSlots& slots = ThreadSlots::instance();
    std::uint32_t flags = fenced_load(node.flags);
    if ((flags & Node::dead) == 0) flags = node.flags.fetch_or(Node::dead, std::memory_order_seq_cst);
    const bool seen = (flags & Node::unseen) == 0;

    std::shared_ptr<NodeOwner> not_needed;
    std::unique_lock lock(slots.mutex);
    if (seen && !only_slot_in_use(slots, me)) {
        lock.unlock();
        heavy_fence();
        lock.lock();
    }
    bool asked = false, goes_on_here = false;
    do {
        while (wait && is_busy(slots, me, node)) {
            if (node.run_executor && !std::exchange(asked, true)) {
                goes_on_here = may_go_on_here(lock, me, node);
                continue;  // it may be over
            }
            if (occupies(me, node) || would_deadlock(slots, me, node) || (node.run_executor && goes_on_here)) {
                wait = false;
                break;
            }
            me.waiting_for = &node;
            slots.changed.wait(lock);
            me.waiting_for = nullptr;
        }
        if (!wait) {
            node.flags.fetch_or(Node::orphan, std::memory_order_seq_cst);
            if (owner && !node.has(Node::ended)) node.needed = std::move(owner);
        }
        not_needed = destroy_if_idle(slots, lock, me, node);
        // It may have been busy again, with a thread that is about to find it dead.
    } while (wait && !node.has(Node::claimed));
    return node.has(Node::ended);
}

}  // namespace quiescence

HINDSIGHT_INLINE void runner_left(Node& node) noexcept {
    const NodePtr keep = NodePtr::share(node);
    ThreadSlot& me = ThreadSlot::current();
    ThreadSlots& slots = ThreadSlots::instance();
    std::shared_ptr<NodeOwner> owner;
    {
        std::unique_lock lock(slots.mutex);
        slots.changed.notify_all();
        if (node.has(Node::orphan)) owner = quiescence::destroy_if_idle(slots, lock, me, node);
    }
    if (owner) let_go(std::move(owner));
}

HINDSIGHT_INLINE bool is_run_by_others(const Node& node) noexcept {
    const ThreadSlot& me = ThreadSlot::current();
    ThreadSlots& slots = ThreadSlots::instance();
    const std::lock_guard lock(slots.mutex);
    bool found = false;
    slots.for_each(
        [&](const ThreadSlot& slot) { found = found || (&slot != &me && quiescence::occupies(slot, node)); });
    return found;
}

HINDSIGHT_INLINE void let_go(std::shared_ptr<NodeOwner> owner) noexcept {
    Frame* outermost = nullptr;
    for (Frame* frame = ThreadSlot::current().top; frame != nullptr; frame = frame->outer) {
        if (frame->engine == owner.get()) outermost = frame;
    }
    if (outermost != nullptr) outermost->keep(std::move(owner));
}

HINDSIGHT_INLINE void begin_run(Node& node, std::shared_ptr<Executor> executor) noexcept {
    const std::lock_guard lock(ThreadSlots::instance().mutex);
    node.run_executor = std::move(executor);
}

HINDSIGHT_INLINE void end_run(Node& node) noexcept {
    std::shared_ptr<Executor> executor;  // let go of without the mutex
    {
        const std::lock_guard lock(ThreadSlots::instance().mutex);
        executor = std::move(node.run_executor);
    }
    if (node.has(Node::dead)) runner_left(node);
}

HINDSIGHT_INLINE bool quiesce(Node& node) noexcept {
    return quiescence::quiesce(node, true, {});
}

HINDSIGHT_INLINE bool quiesce(Node& node, std::shared_ptr<NodeOwner> owner) noexcept {
    return quiescence::quiesce(node, true, std::move(owner));
}

HINDSIGHT_INLINE bool quiesce_later(Node& node) noexcept {
    return quiescence::quiesce(node, false, {});
}

}  // namespace hindsight::detail

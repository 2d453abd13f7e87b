#pragma once

#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/error.hpp>
#include <hindsight/inbox.hpp>

#include <chrono>

namespace hindsight::detail {

HINDSIGHT_INLINE AnyInbox::AnyInbox(NodePtr node) noexcept : node_(std::move(node)) {}

HINDSIGHT_INLINE std::uint64_t AnyInbox::missed() const noexcept {
    return node_ ? unread(*node_).missed : 0;
}

HINDSIGHT_INLINE bool AnyInbox::disconnect() noexcept {
    if (!node_) return true;
    discard_rest(*node_);
    if (node_->has(Node::ended)) return true;
    if (const auto owner = node_->owner.lock()) owner->unregister(*node_);
    return quiesce(*node_);
}

HINDSIGHT_INLINE void AnyInbox::pause() noexcept {
    if (node_) node_->flags.fetch_or(Node::paused, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE void AnyInbox::resume() noexcept {
    if (node_) node_->flags.fetch_and(~std::uint32_t{Node::paused}, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE SubscriptionStatistics AnyInbox::stats() const {
    if (!node_) return {};
    const auto owner = node_->owner.lock();
    return owner ? owner->stats(*node_) : node_->stats();
}

HINDSIGHT_INLINE Record AnyInbox::read() {
    if (!node_) return Record();
    const NodePtr node = node_;  // on_lagged may end this inbox
    node->readers->read_by(ThreadSlot::current());
    return detail::read(*node);
}

HINDSIGHT_INLINE Record AnyInbox::read_for(Duration timeout, const std::stop_token& stop) {
    if (!node_) return Record();
    const NodePtr node = node_;
    Readers& readers = *node->readers;
    const ThreadSlot& slot = ThreadSlot::current();
    readers.read_by(slot);
    const Deadline deadline = deadline_after(timeout);
    const std::stop_callback on_stop(stop, [&] { readers.wake(); });
    for (;;) {
        const std::uint32_t epoch = readers.epoch.load(std::memory_order_acquire);
        if (stop.stop_requested()) return Record();
        // Looked at first: nothing comes in after the end, but what came in before is still to be read.
        const bool ended = node->has(Node::dead);
        if (Record record = detail::read(*node)) return record;
        if (ended || std::chrono::steady_clock::now() >= deadline) return Record();
        if (slot.top != nullptr) {
            throw WouldDeadlock("Inbox::next_for inside a handler, filter or policy: those that wait for each other "
                                "would never return");
        }
        if (readers.alone()) {
            throw WouldDeadlock(
                "Inbox::next_for on a single-threaded bus: nobody could emit meanwhile; use try_next()");
        }
        park_until(&readers.epoch, deadline, [&] { return readers.epoch.load(std::memory_order_acquire) != epoch; });
    }
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/node.hpp>

#include <memory>

namespace hindsight::detail {

HINDSIGHT_INLINE void Node::destroy_callables() noexcept {
    destroy_handler(*this);
    filter = Predicate();
    on_lagged = nullptr;
    executor.reset();
    if (const std::shared_ptr<NodeOwner> engine = owner.lock()) engine->has_ended(*this);
}

HINDSIGHT_INLINE SubscriptionStatistics Node::stats() const {
    SubscriptionStatistics stats;
    stats.id = id;
    stats.name = name;
    stats.pattern = pattern->text();
    stats.delivery = delivery;
    stats.priority = priority;
    stats.paused = has(paused);
    stats.delivered = delivered.get();
    stats.failed = failed.get();
    stats.filtered = filter_rejected.get();
    stats.skipped = skipped_paused.get();
    stats.discarded = discarded.get();
    if (mailbox) {
        stats.queue_depth = mailbox->size() + mailbox->in_hand();
        stats.dropped = mailbox->dropped;
        stats.conflated = mailbox->conflated;
    }
    return stats;
}

HINDSIGHT_INLINE bool Node::run_task(std::size_t max, std::size_t& count) noexcept {
    // One subscription does not keep a thread to itself for longer than this many events.
    constexpr std::size_t fair_share = 1024;
    NodePtr reference(this);
    const std::shared_ptr<NodeOwner> engine = owner.lock();
    if (!engine) return false;
    const bool more = engine->deliver(*this, max == no_limit ? fair_share : max, count);
    if (!more) return false;
    if (max == no_limit) {
        engine->deliver_later(*this);
        return false;
    }
    reference.detach();
    return true;
}

HINDSIGHT_INLINE void Node::abandon_task() noexcept {
    const NodePtr reference(this);
    if (const std::shared_ptr<NodeOwner> engine = owner.lock()) engine->abandon(*this);
}

}  // namespace hindsight::detail

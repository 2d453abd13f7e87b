#pragma once

#include <hindsight/detail/quarantine.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/subscription.hpp>

namespace hindsight {

HINDSIGHT_INLINE bool Subscription::disconnect() noexcept {
    if (!node_ || node_->has(detail::Node::ended)) return true;
    if (const auto owner = node_->owner.lock()) owner->unregister(*node_);
    detail::Node& node = node_->connected_node();
    // An observer's node goes on for its other attachments.
    return (!node_->attachment || node.has(detail::Node::dead)) && detail::quiesce(node);
}

HINDSIGHT_INLINE void Subscription::close() noexcept {
    if (!node_ || node_->has(detail::Node::ended)) return;
    if (const auto owner = node_->owner.lock()) owner->unregister(*node_);
    detail::Node& node = node_->connected_node();
    if (!node_->attachment || node.has(detail::Node::dead)) detail::quiesce_later(node);
}

HINDSIGHT_INLINE void Subscription::pause() noexcept {
    if (node_) node_->connected_node().flags.fetch_or(detail::Node::paused, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE void Subscription::resume() noexcept {
    if (!node_) return;
    detail::Node& node = node_->connected_node();
    node.flags.fetch_and(~std::uint32_t{detail::Node::paused}, std::memory_order_seq_cst);
    if (node.quarantine) node.quarantine->end();
}

HINDSIGHT_INLINE bool Subscription::connected() const noexcept {
    return node_ && !node_->has(detail::Node::dead) && !node_->connected_node().has(detail::Node::dead);
}

HINDSIGHT_INLINE SubscriptionStatistics Subscription::stats() const {
    if (!node_) return {};
    const auto owner = node_->owner.lock();
    if (owner) return owner->stats(node_->connected_node());
    SubscriptionStatistics stats = node_->connected_node().stats();
    node_->connected_node().add_watched_to(stats);
    return stats;
}

}  // namespace hindsight

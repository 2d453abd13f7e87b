#pragma once

#include <hindsight/impl/detail/queueing.hpp>

namespace hindsight::detail {

HINDSIGHT_INLINE bool Queueing::is_full_locked() noexcept {
    // Inside any handler a thread never waits: its mailboxes grow.
    if (frame_.outer != nullptr) return false;
    full_ = nullptr;
    for_each_taker([&](Node& node) {
        if (full_ != nullptr || node.mailbox->room() == Mailbox::Room::ready || exemption_of(node)) return;
        full_ = &node;
        full_epoch_ = node.mailbox->room_epoch.load(std::memory_order_relaxed);
        node.mailbox->emitter_waits = true;
    });
    return full_ != nullptr;
}

HINDSIGHT_INLINE const Queueing::Exemption* Queueing::exemption_of(const Node& node) const noexcept {
    for (const Exemption& each : exemptions_) {
        if (each.node.get() == &node) return &each;
    }
    return nullptr;
}

HINDSIGHT_INLINE void Queueing::push_locked(Envelope& envelope) noexcept {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        Node& node = *nodes_[i];
        if (!passes(i) || node.mailbox->closed || node.has(Node::dead)) continue;
        if (node.has(Node::paused)) {
            node.skipped_paused.add(frame_.slot);
        } else {
            push_locked(node, envelope);
        }
    }
    if (queued_ > 0) {
        // Nobody can take it out of a mailbox before the lock is free.
        add_reference(envelope, queued_);
        envelope.pending.store(queued_, std::memory_order_relaxed);
    }
}

HINDSIGHT_INLINE void Queueing::push_locked(Node& node, Envelope& envelope) noexcept {
    Mailbox& mailbox = *node.mailbox;
    const Exemption* const exemption = exemption_of(node);
    const Mailbox::Push push = mailbox.push(envelope, exemption != nullptr && !exemption->may_grow);
    ++(push.fate == Mailbox::Fate::queued ? queued_ : dropped_);
    if (push.displaced != nullptr) displaced_.push_back(push.displaced);
    if (!mailbox.active) {
        mailbox.active = true;
        to_wake_.push_back(NodePtr::share(node));
    }
}

HINDSIGHT_INLINE void Queueing::wait_for_room() {
    Node& node = *full_;
    {
        Running running(frame_);
        if ((running.move_to(node) & Node::dead) != 0) return;
        if (node.executor->runs_here()) {
            exemptions_.push_back({NodePtr::share(node), true});
            return;
        }
    }
    if (!deadline_) deadline_ = deadline_after(node.mailbox->options().block_for);
    const auto& epoch = node.mailbox->room_epoch;
    if (!park_until(&epoch, *deadline_, [&] { return epoch.load(std::memory_order_acquire) != full_epoch_; })) {
        exemptions_.push_back({NodePtr::share(node), false});
        deadline_.reset();
    }
}

HINDSIGHT_INLINE void Queueing::finish(const Record& record) noexcept {
    for (const NodePtr& node : to_wake_) hub_.give_to_executor(frame_, *node, record);
    for (Envelope* envelope : displaced_) finish_delivery(envelope);
    if (queued_ > 0) hub_.note_progress_of_drain();
}

}  // namespace hindsight::detail

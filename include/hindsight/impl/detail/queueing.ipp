#pragma once

#include <hindsight/detail/hold_back.hpp>
#include <hindsight/impl/detail/await_deliveries.hpp>
#include <hindsight/impl/detail/queueing.hpp>
#include <hindsight/impl/detail/room_wait.ipp>

#include <algorithm>

namespace hindsight::detail {

HINDSIGHT_INLINE void Queueing::choose_takers_locked() noexcept {
    takers_.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        Node& node = *nodes_[i];
        const bool passes = filtering_ == nullptr || filtering_->passes(first_index_ + i);
        if (passes && !node.mailbox->closed && !node.has(Node::dead)) takers_.push_back(&node);
    }
}

HINDSIGHT_INLINE bool Queueing::is_full_locked() noexcept {
    return std::ranges::any_of(takers_, [this](Node* node) {
        if (node->hold_back && !node->hold_back->passes(*node->mailbox, now_)) [[unlikely]]
            return false;
        return room_.must_wait_locked(*node, 1);
    });
}

HINDSIGHT_INLINE void Queueing::push_locked(Envelope& envelope, Envelope* converted) noexcept {
    std::uint32_t queued_converted = 0;
    for (Node* node : takers_) {
        if (node->has(Node::skipping)) {
            node->skipped_paused.add(frame_.slot);
        } else if (converted != nullptr && snapshot_->converts_for(*node)) {
            const std::uint32_t before = queued_;
            push_locked(*node, *converted);
            queued_converted += queued_ - before;
        } else {
            push_locked(*node, envelope);
        }
    }
    await_deliveries(envelope, converted, queued_, queued_converted);
}

HINDSIGHT_INLINE void Queueing::push_locked(Node& node, Envelope& envelope) noexcept {
    if (node.hold_back) [[unlikely]]
        return hold_back_locked(node, envelope);
    const Mailbox::Push push = node.mailbox->push(envelope, room_.drops(node));
    ++(push.fate == Mailbox::Fate::queued ? queued_ : dropped_);
    if (push.displaced != nullptr) displaced_.push_back(push.displaced);
    wake_locked(node);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Queueing::hold_back_locked(Node& node, Envelope& envelope) noexcept {
    Mailbox& mailbox = *node.mailbox;
    const HoldBack::Taken taken = node.hold_back->take_in(mailbox, envelope, now_, room_.drops(node));
    ++(taken.fate == Mailbox::Fate::queued ? queued_ : dropped_);
    for (Envelope* each : taken.displaced) {
        if (each != nullptr) displaced_.push_back(each);
    }
    reminds_ = reminds_ || node.hold_back->wants_reminder(mailbox);
    if (!mailbox.is_empty()) wake_locked(node);
}

HINDSIGHT_ALWAYS_INLINE void Queueing::wake_locked(Node& node) noexcept {
    Mailbox& mailbox = *node.mailbox;
    if (mailbox.stage() != Mailbox::Stage::idle) return;
    mailbox.go_to(Mailbox::Stage::waiting, hub_.ledger_->waiting_mailboxes);
    to_wake_.push_back(NodePtr::share(node));
}

HINDSIGHT_INLINE void Queueing::finish(const Record& record) noexcept {
    for (const NodePtr& node : to_wake_) hub_.give_to_executor(frame_, *node, record);
    for (Envelope* envelope : displaced_) finish_delivery(envelope);
    if (queued_ > 0) hub_.note_progress_of_drain();
    if (!reminds_) [[likely]]
        return;
    // Last: it may run what is scheduled, which may wait for any of the others.
    for (Node* node : takers_) {
        if (node->hold_back) hub_.remind(*node);
    }
}

}  // namespace hindsight::detail

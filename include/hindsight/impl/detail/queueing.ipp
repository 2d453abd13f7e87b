#pragma once

#include <hindsight/impl/detail/queueing.hpp>

#include <algorithm>
#include <chrono>

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
    // Inside any handler a thread never waits: its mailboxes grow.
    if (frame_.outer != nullptr) return false;
    for (Node* node : takers_) {
        if (node->mailbox->room() == Mailbox::Room::ready || node->has(Node::skipping)) continue;
        const Full* const known = known_as_full(*node);
        if (known != nullptr && !known->waits_on()) continue;
        const bool any_room = known != nullptr && known->way == Full::Way::waits_for_any_room;
        full_ = node;
        full_epoch_ = node->mailbox->room_epoch.load(std::memory_order_relaxed);
        node->mailbox->want(any_room ? Mailbox::Wanted::any_room : Mailbox::Wanted::much_room);
        return true;
    }
    return false;
}

HINDSIGHT_INLINE Queueing::Full* Queueing::known_as_full(const Node& node) noexcept {
    const auto found = std::ranges::find(known_full_, &node, [](const Full& each) { return each.node.get(); });
    return found != known_full_.end() ? &*found : nullptr;
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
    // Nobody can take them out of a mailbox before the lock is free.
    std::uint32_t deliveries = queued_;
    if (queued_converted > 0) {
        converted->next_evicted = &envelope;  // Envelope::original
        await_deliveries(*converted, queued_converted);
        tell_of_completion(*converted);
        deliveries = queued_ - queued_converted + 1;
    }
    if (deliveries > 0) await_deliveries(envelope, deliveries);
}

HINDSIGHT_INLINE void Queueing::await_deliveries(Envelope& envelope, std::uint32_t count) noexcept {
    constexpr std::uint64_t each = Envelope::one_reference + Envelope::one_delivery;
    envelope.holders.fetch_add(count * each, std::memory_order_relaxed);
}

HINDSIGHT_INLINE void Queueing::push_locked(Node& node, Envelope& envelope) noexcept {
    Mailbox& mailbox = *node.mailbox;
    const Full* const known = known_as_full(node);
    const Mailbox::Push push = mailbox.push(envelope, known != nullptr && known->way == Full::Way::drops);
    ++(push.fate == Mailbox::Fate::queued ? queued_ : dropped_);
    if (push.displaced != nullptr) displaced_.push_back(push.displaced);
    if (mailbox.stage() == Mailbox::Stage::idle) {
        mailbox.go_to(Mailbox::Stage::waiting, hub_.ledger_->waiting_mailboxes);
        to_wake_.push_back(NodePtr::share(node));
    }
}

HINDSIGHT_INLINE void Queueing::wait_for_room() {
    Node& node = *full_;
    Full* full = known_as_full(node);
    if (full == nullptr) {
        const Deadline deadline = deadline_after(node.mailbox->options().block_for);
        full = &known_full_.emplace_back(Full{NodePtr::share(node), deadline, Full::Way::waits});
    }
    {
        // The executor is user code of the subscription.
        Running running(frame_);
        if ((running.move_to(node) & Node::dead) != 0) return;
        if (node.runs_here()) {
            full->way = Full::Way::grows;
            return;
        }
    }
    // Some hundred events' time. A handler that is slower than this should not hold up the emitter for half a mailbox.
    constexpr Duration long_enough = std::chrono::microseconds(200);
    const bool patient = full->way == Full::Way::waits;
    const Deadline until = patient ? std::min(full->deadline, deadline_after(long_enough)) : full->deadline;
    const auto& epoch = node.mailbox->room_epoch;
    if (park_until(&epoch, until, [&] { return epoch.load(std::memory_order_acquire) != full_epoch_; })) return;
    full->way = until < full->deadline ? Full::Way::waits_for_any_room : Full::Way::drops;
}

HINDSIGHT_INLINE void Queueing::finish(const Record& record) noexcept {
    for (const NodePtr& node : to_wake_) hub_.give_to_executor(frame_, *node, record);
    for (Envelope* envelope : displaced_) finish_delivery(envelope);
    if (queued_ > 0) hub_.note_progress_of_drain();
}

}  // namespace hindsight::detail

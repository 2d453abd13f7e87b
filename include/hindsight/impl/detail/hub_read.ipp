#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>

#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE void Hub::tell_readers(Node& node) noexcept {
    {
        const std::lock_guard lock(ledger_->mutex);
        // From here on nobody has to be told, nor is a thread wanted, until a reader finds nothing.
        if (node.mailbox->stage() == Mailbox::Stage::waiting)
            node.mailbox->go_to(Mailbox::Stage::in_turn, ledger_->waiting_mailboxes);
    }
    node.readers->wake();
}

HINDSIGHT_INLINE Record Hub::read(Node& node) {
    Frame frame(ThreadSlot::current(), *this);
    Running running(frame);
    running.move_to(node);
    for (;;) {
        const Next next = take_next(node);
        if (next.let_go.last != 0) tell_of_hole(frame, node, next.let_go);
        if (next.pending.before.missed > 0) tell_of_hole(frame, node, next.pending.before);
        if (next.pending.envelope == nullptr) {
            if (next.found) continue;
            return Record();
        }
        Record record{EnvelopePtr(next.pending.envelope)};  // with the mailbox's reference
        node.delivered.add(frame.slot);
        if (next.awaited) end_delivery(*next.pending.envelope);
        if (next.last) close(node);
        return record;
    }
}

HINDSIGHT_INLINE Hub::Next Hub::take_next(Node& node) noexcept {
    Mailbox& mailbox = *node.mailbox;
    Next next;
    std::unique_ptr<Backlog> finished;  // its memory is freed without the lock
    bool room = false;
    {
        const std::lock_guard lock(ledger_->mutex);
        const bool limited = node.max_deliveries > 0;
        if (mailbox.closed || (limited && node.claims.load(std::memory_order_relaxed) >= node.max_deliveries)) {
            mailbox.go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
            return next;
        }
        finished = take_one_locked(mailbox, next);
        if (node.readers) mailbox.progress.begin(0);  // the reader has it, once the lock is free
        if (!next.found) mailbox.go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
        if (limited && next.pending.envelope != nullptr)
            next.last = node.claims.fetch_add(1, std::memory_order_relaxed) + 1 == node.max_deliveries;
        room = mailbox.gives_room();
    }
    if (room) unpark_all(&mailbox.room_epoch);
    return next;
}

HINDSIGHT_INLINE std::unique_ptr<Backlog> Hub::take_one_locked(Mailbox& mailbox, Next& next) noexcept {
    if (!mailbox.backlog) {
        next.found = mailbox.take(std::span(&next.pending, 1)) > 0;
        next.awaited = next.found;
        return nullptr;
    }
    const Backlog::Taken taken = mailbox.backlog->take(std::span(&next.pending, 1));
    mailbox.progress.begin(taken.records);
    next.let_go = taken.let_go;
    next.found = true;
    mailbox.dropped += taken.payloads;
    return mailbox.backlog->empty() ? std::move(mailbox.backlog) : nullptr;
}

HINDSIGHT_INLINE bool Hub::has_unread(Node& node) noexcept {
    Mailbox& mailbox = *node.mailbox;
    const std::lock_guard lock(ledger_->mutex);
    if (!mailbox.is_empty()) return true;
    mailbox.go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
    return false;
}

HINDSIGHT_INLINE Unread Hub::unread(const Node& node) const noexcept {
    const std::lock_guard lock(ledger_->mutex);
    return {node.mailbox->waiting(), node.mailbox->dropped};
}

HINDSIGHT_INLINE void Hub::discard(Node& node, Mailbox::Queue& queue, std::unique_ptr<Backlog> backlog) noexcept {
    finish_discarded(node, std::move(backlog));
    finish_discarded(node, queue);
}

}  // namespace hindsight::detail

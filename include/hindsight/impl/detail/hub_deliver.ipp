#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/pending_tasks.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace hindsight::detail {

namespace hub_deliver {

/// Marks the mailbox as having its turn; only one thread at a time succeeds.
class Turn {
public:
    Turn(Ledger& ledger, Mailbox& mailbox) : ledger_(ledger), mailbox_(mailbox) {
        const std::lock_guard lock(ledger_.mutex);
        if (mailbox_.stage() == Mailbox::Stage::in_turn) return;
        mailbox_.go_to(Mailbox::Stage::in_turn, ledger_.waiting_mailboxes);
        mine_ = true;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (!mine_) return;
        const std::lock_guard lock(ledger_.mutex);
        mailbox_.go_to(mailbox_.closed ? Mailbox::Stage::idle : Mailbox::Stage::waiting, ledger_.waiting_mailboxes);
    }
    explicit operator bool() const noexcept { return mine_; }
    /// The lock is held, and the mailbox was found empty.
    void end_locked() noexcept HINDSIGHT_UNCHECKED_LOCKING {
        mailbox_.go_to(Mailbox::Stage::idle, ledger_.waiting_mailboxes);
        mine_ = false;
    }

private:
    Ledger& ledger_;
    Mailbox& mailbox_;
    bool mine_ = false;
};

/// The header with the references, its rest, and the beginning of the payload.
inline void prefetch_record(const Pending& pending) noexcept {
    if (pending.envelope == nullptr) return;
    const auto* const bytes = reinterpret_cast<const char*>(pending.envelope);
    prefetch_for_writing(bytes);
    prefetch(bytes + cache_line);
    prefetch(bytes + 2 * cache_line);
}

}  // namespace hub_deliver

HINDSIGHT_INLINE bool Hub::deliver(Node& node, std::size_t max, std::size_t& count) noexcept {
    try {
        if (!node.has(Node::coroutine | Node::concurrent)) [[likely]]
            return take_turn(node, max, count);
        return node.has(Node::coroutine) ? take_long_turn(node, max, count)
                                         : take_concurrent_turn(node, max, count, Arrival::wake);
    } catch (const std::bad_alloc&) {  // this thread, or this depth, runs a handler for the first time
        abandon(node);
        return false;
    }
}

HINDSIGHT_INLINE void Hub::deliver_later(Node& node) noexcept {
    Frame frame(ThreadSlot::current(), *this);
    give_to_executor(frame, node, Record());
}

HINDSIGHT_INLINE void Hub::give_to_executor(Frame& frame, Node& node, const Record& record) noexcept {
    if (node.readers) return tell_readers(node);
    // The executor is user code of the subscription, and goes when that ends.
    Running running(frame);
    if ((running.move_to(node) & Node::dead) != 0) return;
    try {
        node.executor->execute(Task(NodePtr::share(node).detach()));
    } catch (...) {
        report(node, record, std::current_exception());
        abandon(node);  // unless the task, in its destruction, has done so
    }
}

HINDSIGHT_INLINE bool Hub::take_turn(Node& node, std::size_t max, std::size_t& count) {
    Mailbox& mailbox = *node.mailbox;
    std::array<Pending, 64> batch;
    Frame frame(ThreadSlot::current(), *this);
    frame.queued = true;
    hub_deliver::Turn turn(*ledger_, mailbox);
    if (!turn) return false;
    Running running(frame);
    running.move_to(node);
    for (;;) {
        std::unique_lock lock(ledger_->mutex);
        if (mailbox.backlog) [[unlikely]] {
            lock.unlock();
            count += deliver_backlog(running, frame, node, max - count);
            if (count >= max) return true;
            continue;
        }
        const std::size_t taken = mailbox.take(std::span(batch).first(std::min(batch.size(), max - count)));
        const bool stays = mailbox.goes_on_streaming(taken) && may_stay_locked(node);
        if (taken == 0 && !stays) turn.end_locked();
        const bool lets_some_come = stays && taken < Stream::few && mailbox.size() == 0;
        const bool room = mailbox.gives_room();
        lock.unlock();
        if (room) unpark_all(&mailbox.room_epoch);
        if (taken == 0 && !stays) break;
        count += deliver_batch(running, frame, node, std::span(batch).first(taken), Origin::present);
        if (count >= max) return true;
        if (lets_some_come) Stream::let_some_come();
        if (stays) mailbox.stream.prefetch_next();
    }
    note_progress_of_drain();
    return false;
}

HINDSIGHT_INLINE bool Hub::may_stay_locked(const Node& node) const noexcept {
    // Not where this thread is wanted for something else, or is the one that emits.
    return ledger_->waiting_mailboxes == 0 && state_.load(std::memory_order_relaxed) == State::open &&
           !node.has(Node::dead) && node.executor != pending_tasks_;
}

HINDSIGHT_INLINE std::size_t Hub::deliver_batch(Running& running, Frame& frame, Node& node,
                                                std::span<const Pending> batch, Origin origin) noexcept {
    // Another thread has just written the records: the next few are on their way here while one is handled.
    constexpr std::size_t ahead = 6;
    for (const Pending& pending : batch.first(std::min(batch.size(), ahead))) hub_deliver::prefetch_record(pending);
    std::size_t calls = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (i + ahead < batch.size()) hub_deliver::prefetch_record(batch[i + ahead]);
        calls += deliver_one(running, frame, node, batch[i], origin, node.mailbox->progress) ? 1u : 0u;
    }
    return calls;
}

HINDSIGHT_INLINE bool Hub::deliver_one(Running& running, Frame& frame, Node& node, const Pending& pending,
                                       Origin origin, TurnProgress& progress) noexcept {
    if (pending.before.missed > 0) [[unlikely]]
        tell_of_hole(frame, node, pending.before);
    if (pending.envelope == nullptr) return false;
    progress.decide();
    const bool alive = !node.has(Node::dead);
    progress.decided(alive);
    Calls calls;
    Record record{EnvelopePtr(pending.envelope)};  // with the mailbox's reference
    if (alive) [[likely]] {
        call(frame, node, record, calls);
    } else {
        // A shutdown may be counting what is left in hand.
        const std::lock_guard until_counted(ledger_->mutex);
    }
    if (calls.count == 0) [[unlikely]]
        count_discarded(node, record);
    // A dead node may be waited for: its mailbox is closed, but this turn's other records are still to be discarded.
    // It stays dead, so none of them is called outside the cell.
    if (node.has(Node::dead)) [[unlikely]]
        running.stop();
    progress.finish_one();
    Envelope* const done = record.detach();
    origin == Origin::present ? finish_delivery(done) : release(done);
    return calls.count > 0;
}

HINDSIGHT_INLINE void Hub::tell_of_hole(Frame& frame, Node& node, const Lagged& hole) noexcept {
    if (node.has(Node::dead) || !node.on_lagged) return;
    const Record none;
    frame.record = &none;  // for this_handler
    try {
        node.on_lagged(hole);
    } catch (...) {
        report(node, none, std::current_exception());
    }
    frame.record = nullptr;
}

HINDSIGHT_INLINE void Hub::abandon(Node& node) noexcept {
    std::unique_lock lock(ledger_->mutex);
    Envelope* const held_back = std::exchange(node.mailbox->held_back, nullptr);
    Mailbox::Queue queue = node.mailbox->take_all();
    std::unique_ptr<Backlog> backlog = std::move(node.mailbox->backlog);
    if (node.mailbox->stage() != Mailbox::Stage::in_turn)
        node.mailbox->go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
    const bool room = node.mailbox->gives_room();
    lock.unlock();
    if (room) unpark_all(&node.mailbox->room_epoch);
    finish_discarded(node, std::move(backlog));
    finish_discarded(node, queue);
    finish_discarded(node, held_back);
}

HINDSIGHT_INLINE void Hub::finish_discarded(Node& node, Mailbox::Queue& queue) noexcept {
    std::visit(
        [&](auto& pending) {
            while (pending.size() > 0) {
                Envelope* const envelope = pending.pop().envelope;
                count_discarded(node, Record(EnvelopePtr::share(*envelope)));
                finish_delivery(envelope);
            }
        },
        queue);
    note_progress_of_drain();
}

}  // namespace hindsight::detail

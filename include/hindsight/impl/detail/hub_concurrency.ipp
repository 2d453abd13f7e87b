#pragma once

#include <hindsight/detail/concurrent_runs.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/hub_deliver.ipp>
#include <hindsight/impl/detail/hub_read.ipp>

#include <memory>
#include <mutex>
#include <new>

namespace hindsight::detail {

namespace hub_concurrency {

inline bool is_in_turn(const Frame* top, const Node& node) noexcept {
    for (; top != nullptr; top = top->outer) {
        if (top->concurrent && top->node() == &node) return true;
    }
    return false;
}

}  // namespace hub_concurrency

HINDSIGHT_INLINE bool Hub::take_concurrent_turn(Node& node, std::size_t max, std::size_t& count, Arrival arrival) {
    ThreadSlot& slot = ThreadSlot::current();
    if (hub_concurrency::is_in_turn(slot.top, node)) {
        if (arrival == Arrival::wake) use_up_wake(*node.mailbox);
        return false;
    }
    Frame frame(slot, *this);
    slot.cell_at(nesting_depth(slot));  // so that sending the wake on needs no memory
    frame.queued = true;
    frame.concurrent = true;
    Running running(frame);
    running.move_to(node);
    ConcurrentRuns::Run* run = nullptr;
    for (bool wake = arrival == Arrival::wake;; wake = false) {
        const ConcurrentStep step = step_concurrently(node, run, wake, count < max);
        run = step.run;
        if (run == nullptr) {
            note_progress_of_drain();
            return step.wakes;
        }
        if (step.wakes) deliver_later(node);
        if (step.next.let_go.last != 0) tell_of_hole(frame, node, step.next.let_go);
        const Origin origin = step.next.awaited ? Origin::present : Origin::backlog;
        count += deliver_one(running, frame, node, step.next.pending, origin, run->progress) ? 1u : 0u;
    }
}

HINDSIGHT_INLINE Hub::ConcurrentStep Hub::step_concurrently(Node& node, ConcurrentRuns::Run* over, bool wake,
                                                            bool takes) noexcept {
    using Stage = Mailbox::Stage;
    Mailbox& mailbox = *node.mailbox;
    ConcurrentRuns& runs = *mailbox.runs;
    ConcurrentStep step;
    std::unique_ptr<Backlog> finished;  // its memory is freed without the lock
    bool room = false;
    {
        const std::lock_guard lock(ledger_->mutex);
        const bool another_comes = mailbox.stage() == Stage::waiting && !wake;
        if (over != nullptr) runs.end(*over);
        if (takes && !runs.all_in_use() && !mailbox.is_empty()) {
            step.run = &runs.begin();
            finished = take_one_locked(mailbox, step.next);
            step.run->progress.begin(mailbox.progress.in_hand());
            mailbox.progress.begin(0);
            room = mailbox.gives_room();
        }
        if (!another_comes) {
            step.wakes = !runs.all_in_use() && !mailbox.closed && !mailbox.is_empty();
            const Stage unwoken = runs.all_in_use() ? Stage::in_turn : Stage::idle;
            mailbox.go_to(step.wakes ? Stage::waiting : unwoken, ledger_->waiting_mailboxes);
        }
    }
    if (room) unpark_all(&mailbox.room_epoch);
    return step;
}

HINDSIGHT_INLINE void Hub::use_up_wake(Mailbox& mailbox) noexcept {
    using Stage = Mailbox::Stage;
    const std::lock_guard lock(ledger_->mutex);
    if (mailbox.stage() != Stage::waiting) return;
    mailbox.go_to(mailbox.runs->all_in_use() ? Stage::in_turn : Stage::idle, ledger_->waiting_mailboxes);
}

HINDSIGHT_INLINE void Hub::help_concurrently(Node& node, std::size_t& count) noexcept {
    try {
        if (take_concurrent_turn(node, 1, count, Arrival::unasked)) deliver_later(node);
    } catch (const std::bad_alloc&) {  // this depth runs a handler for the first time
        abandon(node);
    }
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/long_run.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/observed_run.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE bool Hub::take_long_turn(Node& node, std::size_t max, std::size_t& count) {
    Mailbox& mailbox = *node.mailbox;
    LongFrame frame(ThreadSlot::current(), *this);
    {
        const std::lock_guard lock(ledger_->mutex);
        if (mailbox.stage() == Mailbox::Stage::in_turn) return false;
        mailbox.go_to(Mailbox::Stage::in_turn, ledger_->waiting_mailboxes);
    }
    Running running(frame);
    running.move_to(node);
    while (count < max) {
        const Next next = take_next(node);
        if (next.let_go.last != 0) tell_of_hole(frame, node, next.let_go);
        if (next.pending.before.missed > 0) tell_of_hole(frame, node, next.pending.before);
        if (!next.found) {
            note_progress_of_drain();
            return false;
        }
        if (next.pending.envelope == nullptr) continue;
        const Began began = begin_run(running, frame, node, next);
        if (began != Began::nothing) ++count;
        if (began == Began::goes_on) return false;
    }
    const std::lock_guard lock(ledger_->mutex);
    mailbox.go_to(mailbox.closed ? Mailbox::Stage::idle : Mailbox::Stage::waiting, ledger_->waiting_mailboxes);
    return true;
}

HINDSIGHT_INLINE Hub::Began Hub::begin_run(Running& running, LongFrame& frame, Node& node, const Next& next) noexcept {
    TurnProgress& progress = node.mailbox->progress;
    progress.decide();
    const bool alive = !node.has(Node::dead);
    progress.decided(alive);
    const Record record{EnvelopePtr(next.pending.envelope)};  // with the mailbox's reference
    const auto finish = [&] {
        if (node.has(Node::dead)) running.stop();
        progress.finish_one();
        if (next.awaited) end_delivery(*next.pending.envelope);
    };
    std::shared_ptr<const void> receiver;
    if (alive && node.receiver) receiver = node.receiver->lock();
    const bool quarantined = node.has(Node::quarantined);
    if (!alive || quarantined || (node.receiver && !receiver)) {
        if (alive && !quarantined) {
            close(node);
        } else {
            const std::lock_guard until_counted(ledger_->mutex);
        }
        count_discarded(node, record);
        finish();
        return Began::nothing;
    }
    node.delivered.add(frame.slot);
    std::shared_ptr<LongRun> run;
    try {
        run = std::make_shared<LongRun>(node, record, std::move(receiver), next.awaited, next.last);
        frame.enter(run);
        if (node.has(Node::observed)) run->observed_ = begin_observing(*this, frame, node);
    } catch (...) {
        frame.leave();
        report(node, record, std::current_exception());
        if (next.last) close(node);
        finish();
        return Began::over;
    }
    if (run->observed_) begin_watching(*this, *run->observed_, node, &run->record());
    detail::begin_run(node, node.executor);
    try {
        node.invoke(node, run->record());
    } catch (...) {
        run->finish(std::current_exception());
    }
    frame.leave();
    // From here on the run, unless it is over, goes on with the mailbox.
    return run->phase_.exchange(LongRun::Phase::left) == LongRun::Phase::finished ? Began::over : Began::goes_on;
}

HINDSIGHT_INLINE void Hub::finish_run(LongRun& run, std::exception_ptr error) noexcept {
    Node& node = run.node();
    Mailbox& mailbox = *node.mailbox;
    if (run.observed_) {
        run.observed_->run.failed = error != nullptr;
        end_observing(*this, node, run.record().name(), std::move(*run.observed_));
    }
    if (error) report(node, run.record(), std::move(error));
    run.receiver_.reset();
    if (run.last_) close(node);
    end_run(node);
    mailbox.progress.finish_one();
    if (run.awaited_) end_delivery(*run.record().envelope());
    note_progress_of_drain();
    if (run.phase_.exchange(LongRun::Phase::finished) != LongRun::Phase::left) return;
    bool more = false;
    {
        const std::lock_guard lock(ledger_->mutex);
        more = !mailbox.closed && !mailbox.is_empty();
        mailbox.go_to(more ? Mailbox::Stage::waiting : Mailbox::Stage::idle, ledger_->waiting_mailboxes);
    }
    if (more) deliver_later(node);
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/hub.ipp>
#include <hindsight/impl/detail/hub_deliver.ipp>
#include <hindsight/impl/detail/joining.ipp>
#include <hindsight/impl/detail/reread.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hindsight::detail {

HINDSIGHT_INLINE void Hub::join(Node& node, const Replay& replay) {
    Frame frame(ThreadSlot::current(), *this);
    frame.queued = true;
    frame.keep(shared_from_this());  // user code may end the bus
    Joining joining(*this, frame, node, replay);
    // No snapshot has to have it for its handler to run.
    node.flags.fetch_and(~std::uint32_t{Node::unseen}, std::memory_order_seq_cst);
    const bool direct = node.delivery == Delivery::direct;
    if (direct) node.flags.fetch_or(Node::joining, std::memory_order_seq_cst);
    connect(node, [&] { joining.capture(); });
    joining.choose();
    if (!joining.install()) return;
    if (direct) {
        catch_up(frame, node);
        return;
    }
    bool has_something = false;
    {
        const std::lock_guard lock(ledger_->mutex);
        has_something = !node.mailbox->is_empty() && !node.mailbox->closed;
        node.mailbox->go_to(has_something ? Mailbox::Stage::waiting : Mailbox::Stage::idle, ledger_->waiting_mailboxes);
    }
    if (has_something) give_to_executor(frame, node, Record());
}

HINDSIGHT_INLINE void Hub::catch_up(Frame& frame, Node& node) noexcept {
    Mailbox& mailbox = *node.mailbox;
    std::array<Pending, 64> batch;
    {
        Running running(frame);
        running.move_to(node);
        deliver_backlog(running, frame, node, no_limit);
        for (std::size_t came_in = 0; !node.has(Node::dead);) {
            std::unique_lock lock(ledger_->mutex);
            const std::size_t taken = mailbox.take(batch);
            came_in += taken;
            // So many have come in that there might be no end to it.
            if (came_in > mailbox.options().capacity) mailbox.hold_emitters();
            const bool room = mailbox.gives_room();
            lock.unlock();
            if (room) unpark_all(&mailbox.room_epoch);
            if (taken == 0 && begin_calling(node)) break;
            deliver_batch(running, frame, node, std::span(batch).first(taken), Origin::present);
        }
    }
    {
        const std::lock_guard lock(ledger_->mutex);
        mailbox.go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
        mailbox.release_emitters();
    }
    unpark_all(&mailbox.room_epoch);
    note_progress_of_drain();
}

HINDSIGHT_INLINE bool Hub::begin_calling(Node& node) noexcept {
    bool empty = false;
    registry_.change(node, [&] {
        const std::lock_guard lock(ledger_->mutex);
        empty = node.mailbox->is_empty();
        // Whatever finds the lock free from here on has to look at the subscribers again.
        if (empty) node.flags.fetch_and(~std::uint32_t{Node::joining}, std::memory_order_seq_cst);
    });
    return empty;
}

HINDSIGHT_INLINE std::size_t Hub::deliver_backlog(Running& running, Frame& frame, Node& node,
                                                  std::size_t max) noexcept {
    Mailbox& mailbox = *node.mailbox;
    std::array<Pending, 64> batch;
    std::size_t count = 0;
    while (count < max) {
        std::unique_ptr<Backlog> finished;  // its memory is freed without the lock
        Backlog::Taken taken;
        {
            const std::lock_guard lock(ledger_->mutex);
            if (!mailbox.backlog) break;
            taken = mailbox.backlog->take(std::span(batch).first(std::min(batch.size(), max - count)));
            mailbox.progress.begin(taken.records);
            mailbox.dropped += taken.payloads;
            if (mailbox.backlog->empty()) finished = std::move(mailbox.backlog);
        }
        if (taken.let_go.last != 0) tell_of_hole(frame, node, taken.let_go);
        count += deliver_batch(running, frame, node, std::span(batch).first(taken.count), Origin::backlog);
    }
    return count;
}

HINDSIGHT_INLINE void Hub::finish_discarded(Node& node, std::unique_ptr<Backlog> backlog) noexcept {
    if (!backlog) return;
    for (const EnvelopePtr& each : backlog->rest()) count_discarded(node, Record(each));
    note_progress_of_drain();
}

HINDSIGHT_INLINE Reread Hub::reread(Node& node, const Lagged& hole) const {
    Query query{
        .pattern = std::string(node.pattern->text()), .take = Take::oldest, .scope = std::string(node.scope_name())};
    if (node.observes) {
        query.pattern = node.observes->pattern();
        query.where = [&node](const Record& record) {
            return node.observes->takes(*record.envelope()) && (!node.filtered || node.filter(record));
        };
    } else if (node.filtered) {
        query.where = [&node](const Record& record) { return node.filter(record); };
    }
    return detail::reread(*ledger_, hole, std::move(query), node.type);
}

}  // namespace hindsight::detail

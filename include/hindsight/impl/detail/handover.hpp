// Handover: an event's way into the mailboxes of all queued subscribers of a snapshot, where nothing stands in its way:
// no filter, nobody paused or ended, no emitter that has to wait. Lives on the stack of the emitting thread, whose
// cell keeps the snapshot, and so the nodes, alive. Needs no memory of its own.
#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hindsight::detail {

class Handover {
public:
    Handover(Ledger& ledger, const Snapshot& subscribers) noexcept : ledger_(ledger), nodes_(subscribers.queued()) {}
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;

    // With the ledger's lock held, one after the other.

    /// Whether all of them take the event as it comes. Makes sure then that no push needs memory: throws
    /// std::bad_alloc, changing nothing.
    bool prepare_locked() const {
        for (const NodePtr& node : nodes_) {
            Mailbox& mailbox = *node->mailbox;
            if (mailbox.closed || node->has(Node::dead | Node::skipping) || mailbox.room() == Mailbox::Room::full)
                return false;
            mailbox.reserve_one();
        }
        return true;
    }

    /// Puts the event, which has its seq and which no other thread knows yet, into the mailboxes; beside theirs there
    /// are `references` to it.
    void push_locked(Envelope& envelope, std::uint32_t references) noexcept HINDSIGHT_UNCHECKED_LOCKING {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            Mailbox& mailbox = *nodes_[i]->mailbox;
            const Mailbox::Push push = mailbox.push(envelope, false);
            ++(push.fate == Mailbox::Fate::queued ? queued_ : dropped_);
            if (push.displaced != nullptr) [[unlikely]]
                displaced_[displaced_count_++] = push.displaced;
            if (mailbox.stage() == Mailbox::Stage::idle) {
                mailbox.go_to(Mailbox::Stage::waiting, ledger_.waiting_mailboxes);
                to_wake_ |= std::uint64_t{1} << i;
            }
        }
        constexpr std::uint64_t each = Envelope::one_reference + Envelope::one_delivery;
        envelope.holders.store(references * Envelope::one_reference + queued_ * each, std::memory_order_relaxed);
    }

    /// Whether `finish` has something to do.
    bool has_more_to_do() const noexcept { return to_wake_ != 0 || displaced_count_ != 0; }

    // Without the lock.

    /// Calls `wake(node)` for those whose mailbox was idle, and ends what was dropped for this event.
    template <class F>
    void finish(F wake) noexcept {
        for (; to_wake_ != 0; to_wake_ &= to_wake_ - 1) {
            wake(*nodes_[static_cast<std::size_t>(std::countr_zero(to_wake_))]);
        }
        for (std::size_t i = 0; i < displaced_count_; ++i) finish_delivery(displaced_[i]);
    }

    std::uint32_t queued() const noexcept { return queued_; }
    std::uint32_t dropped() const noexcept { return dropped_; }

private:
    Ledger& ledger_;
    std::span<const NodePtr> nodes_;
    std::uint64_t to_wake_ = 0;  // a bit for each node
    std::uint32_t queued_ = 0;
    std::uint32_t dropped_ = 0;
    std::size_t displaced_count_ = 0;
    std::array<Envelope*, Snapshot::most_in_handover> displaced_;  // the first `displaced_count_`
};

}  // namespace hindsight::detail

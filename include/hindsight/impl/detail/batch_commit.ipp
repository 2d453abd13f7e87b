// The critical section of a batch.
#pragma once

#include <hindsight/detail/hold_back.hpp>
#include <hindsight/impl/detail/batch.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace hindsight::detail {

class Batch::Reservation {
public:
    explicit Reservation(Batch& batch) noexcept : batch_(batch) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() {
        for (std::size_t first = 0; first < tried_; first = end_of_same(first)) {
            const Item& item = batch_.items_[first];
            if (item.stores) history().settle(rule_of(item), item.whole());
        }
    }

    /// Throws std::bad_alloc, changing nothing that can be seen.
    void make() {
        const std::size_t limit = history().options().max_total_bytes;
        for (Item& item : batch_.items_) item.stores = item.stores && item.kept().footprint <= limit;
        for (std::size_t first = 0; first < batch_.items_.size(); first = tried_) {
            tried_ = end_of_same(first);
            const Item& item = batch_.items_[first];
            if (item.stores) history().reserve(rule_of(item), item.whole(), tried_ - first);
        }
    }

private:
    History& history() const noexcept { return batch_.ledger_.history; }
    RetentionRule& rule_of(const Item& item) const noexcept { return *batch_.groups_[item.group].topic->rule; }
    /// Of those that go the same way as the one at `first`.
    std::size_t end_of_same(std::size_t first) const noexcept {
        const Item& like = batch_.items_[first];
        std::size_t end = first + 1;
        while (end < batch_.items_.size() && is_same(like, batch_.items_[end])) ++end;
        return end;
    }
    static bool is_same(const Item& a, const Item& b) noexcept {
        if (a.group != b.group || a.stores != b.stores) return false;
        if (!a.whole().has_key_or_source() && !b.whole().has_key_or_source()) return true;
        return a.whole().key() == b.whole().key() && a.whole().source() == b.whole().source();
    }

    Batch& batch_;
    std::size_t tried_ = 0;
};

HINDSIGHT_INLINE Batch::Commit Batch::commit(BatchReceipt& receipt) {
    const std::lock_guard lock(ledger_.mutex);
    if (!hub_.accepts_from(frame_.outer)) return Commit::closed;
    if (is_outdated_locked()) return Commit::again;
    if (!settle_takers_locked()) return Commit::wait;
    for (const Taker& taker : takers_) {
        if (taker.takes) taker.node->mailbox->reserve(taker.node->hold_back ? 2 : taker.count);
    }
    Reservation reservation(*this);
    reservation.make();

    // From here on nothing throws.
    receipt.count = items_.size();
    receipt.first = ledger_.next_seqs_locked(items_.size());
    receipt.recorded = append_locked(receipt.first);
    if (alike_) {
        push_alike_locked();
    } else {
        push_locked();
    }
    return Commit::done;
}

/// How many history keeps.
HINDSIGHT_INLINE std::size_t Batch::append_locked(Seq first) noexcept {
    std::size_t recorded = 0;
    for (Item& item : items_) {
        Envelope& whole = item.whole();
        const Group& group = groups_[item.group];
        whole.seq = first++;
        if (item.stores) {
            ++recorded;
            RetentionRule& rule = *group.topic->rule;
            if (alike_) {
                if (Envelope* const oldest = ledger_.history.append_for_alike(rule, whole)) {
                    evicted_.add(*oldest);
                    continue;
                }
            }
            Envelope& kept = item.kept();
            kept.seq = whole.seq;
            if (!alike_) add_reference(kept);
            ledger_.history.append(kept, ledger_.history.place_for(rule, whole), evicted_);
        } else if (group.keeping != Topic::Keeping::none) {
            ++group.topic->rule->refused;
        }
    }
    return recorded;
}

/// One mailbox after the other: nobody can look before the lock is free. Nor has anybody else seen the records, so
/// their counts are just written.
HINDSIGHT_INLINE void Batch::push_alike_locked() noexcept {
    for (Taker& taker : takers_) {
        if (!taker.takes) continue;
        if (taker.paused) {
            taker.node->skipped_paused.add(frame_.slot, items_.size());
            continue;
        }
        for (Item& item : items_) item.queued += push_locked(taker, item.whole()) ? 1u : 0u;
        settle_stage_locked(taker);
    }
    for (const Item& item : items_) {
        const std::uint64_t references = item.stores ? 2 : 1;
        const std::uint64_t queued = item.queued * (Envelope::one_reference + Envelope::one_delivery);
        item.whole().holders.store(references * Envelope::one_reference + queued, std::memory_order_relaxed);
    }
}

HINDSIGHT_INLINE void Batch::push_locked() noexcept {
    for (Item& item : items_) push_locked(item);
    for (Taker& taker : takers_) {
        if (taker.takes && !taker.paused) settle_stage_locked(taker);
    }
}

HINDSIGHT_INLINE bool Batch::is_outdated_locked() const noexcept {
    const std::uint64_t history_version = ledger_.history_version.load(std::memory_order_relaxed);
    const bool same_version = hub_.registry_.version() == subscriptions_;
    for (const Group& group : groups_) {
        // By its address alone: what is copied may be gone.
        const bool is_current = group.topic->current.load(std::memory_order_acquire) == group.seen;
        const bool same = group.copy || group.owned ? is_current && same_version : is_current;
        if (!same || group.history_version != history_version) return true;
    }
    return false;
}

/// False: this thread has to wait for room first.
HINDSIGHT_INLINE bool Batch::settle_takers_locked() noexcept {
    for (Taker& taker : takers_) {
        Node& node = *taker.node;
        taker.takes = taker.count > 0 && !node.mailbox->closed && !node.has(Node::dead);
        taker.paused = node.has(Node::skipping);
        if (!taker.takes || taker.paused) continue;
        // Of many events at most one needs room now: what was held back comes in without.
        const bool holds_back = node.hold_back != nullptr;
        if (holds_back && !node.hold_back->passes(*node.mailbox, now_)) continue;
        if (room_.must_wait_locked(node, holds_back ? 1 : taker.count)) return false;
        taker.drops = room_.drops(node);
    }
    return true;
}

HINDSIGHT_INLINE void Batch::push_locked(Item& item) noexcept {
    const Group& group = groups_[item.group];
    const std::size_t direct_count = group.subscribers().direct_count;
    Envelope* const converted = item.answers ? item.answers->converted.envelope() : nullptr;
    if (converted != nullptr) converted->seq = item.whole().seq;
    std::uint32_t queued_converted = 0;
    for (std::size_t i = 0; i < group.queued.size(); ++i) {
        Taker& taker = takers_[group.queued[i]];
        if (!taker.takes || !item.passes(direct_count + i)) continue;
        if (taker.paused) {
            taker.node->skipped_paused.add(frame_.slot);
            continue;
        }
        ++item.matched;
        if (converted != nullptr && group.subscribers().converts_for(*taker.node)) {
            const std::uint32_t queued = push_locked(taker, *converted) ? 1 : 0;
            item.queued += queued;
            queued_converted += queued;
        } else {
            item.queued += push_locked(taker, item.whole()) ? 1u : 0u;
        }
    }
    await_deliveries(item.whole(), converted, item.queued, queued_converted);
}

/// Whether the mailbox takes it.
HINDSIGHT_ALWAYS_INLINE bool Batch::push_locked(Taker& taker, Envelope& envelope) noexcept {
    Mailbox::Push push;
    if (HoldBack* const hold_back = taker.node->hold_back.get()) [[unlikely]] {
        const HoldBack::Taken taken = hold_back->take_in(*taker.node->mailbox, envelope, now_, taker.drops);
        push = {.fate = taken.fate, .displaced = taken.displaced[1]};
        if (taken.displaced[0] != nullptr) displaced_.push_back(taken.displaced[0]);
    } else {
        push = taker.node->mailbox->push(envelope, taker.drops);
    }
    if (push.displaced != nullptr) displaced_.push_back(push.displaced);
    const bool queued = push.fate == Mailbox::Fate::queued;
    taker.queued += queued ? 1 : 0;
    dropped_ += queued ? 0 : 1;
    return queued;
}

HINDSIGHT_INLINE void Batch::settle_stage_locked(Taker& taker) noexcept {
    Mailbox& mailbox = *taker.node->mailbox;
    if (taker.count == 0 || mailbox.stage() != Mailbox::Stage::idle) return;
    if (taker.node->hold_back && mailbox.is_empty()) return;
    mailbox.go_to(Mailbox::Stage::waiting, ledger_.waiting_mailboxes);
    taker.to_wake = true;
}

}  // namespace hindsight::detail

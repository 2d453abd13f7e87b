// Queueing: the part of an emission that concerns queued subscribers: room in their mailboxes, putting the event there,
// and waking whoever empties them. Lives on the stack of the emitting thread.
#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/filtering.hpp>
#include <hindsight/impl/detail/room_wait.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hindsight::detail {

class Queueing {
public:
    Queueing(Frame& frame, Hub& hub) noexcept : frame_(frame), hub_(hub), room_(frame) {}
    Queueing(const Queueing&) = delete;
    Queueing& operator=(const Queueing&) = delete;

    /// The subscribers that the event is for. Makes sure that nothing after the lock needs memory. May call the bus's
    /// clock.
    void choose(const Snapshot& snapshot, const Filtering* filtering) {
        snapshot_ = &snapshot;
        nodes_ = snapshot.queued();
        first_index_ = snapshot.direct_count;
        filtering_ = filtering;
        takers_.reserve(nodes_.size());
        to_wake_.reserve(nodes_.size());
        displaced_.reserve(snapshot.holds_back ? 2 * nodes_.size() : nodes_.size());
        if (snapshot.holds_back) [[unlikely]]
            now_ = hub_.own_timetable_->now();
    }

    // With the ledger's lock held, one after the other.

    /// Settles who takes the event as things stand.
    void choose_takers_locked() noexcept;
    /// Whether this thread has to wait for room first: in `wait_for_room`.
    bool is_full_locked() noexcept;
    /// Makes sure that no push needs memory. Throws std::bad_alloc, changing nothing.
    void reserve_locked() {
        for (Node* node : takers_) {
            node->mailbox->reserve_one();
            if (node->hold_back) [[unlikely]]
                node->mailbox->reserve(2);
        }
    }
    /// Puts the event, which has its seq, into the mailboxes, with a reference each. `converted`: for those that need
    /// it; null: none does.
    void push_locked(Envelope& envelope, Envelope* converted) noexcept;

    // Without the lock.

    void wait_for_room() { room_.wait(); }
    /// Sends the mailboxes that were idle to their executors, and ends what was dropped for this event.
    void finish(const Record& record) noexcept;

    std::uint32_t matched() const noexcept { return queued_ + dropped_; }
    std::uint32_t queued() const noexcept { return queued_; }
    std::uint32_t dropped() const noexcept { return dropped_; }

private:
    void push_locked(Node& node, Envelope& envelope) noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void hold_back_locked(Node& node, Envelope& envelope) noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void wake_locked(Node& node) noexcept HINDSIGHT_UNCHECKED_LOCKING;

    Frame& frame_;
    Hub& hub_;
    const Snapshot* snapshot_ = nullptr;
    std::span<const NodePtr> nodes_;
    std::size_t first_index_ = 0;
    const Filtering* filtering_ = nullptr;

    boost::container::small_vector<Node*, 8> takers_;
    RoomWait room_;
    boost::container::small_vector<NodePtr, 8> to_wake_;
    boost::container::small_vector<Envelope*, 8> displaced_;  // taken out of mailboxes for this one
    std::uint32_t queued_ = 0;
    std::uint32_t dropped_ = 0;
    TimePoint now_{};       // where some hold events back
    bool reminds_ = false;  // of what some of them do
};

}  // namespace hindsight::detail

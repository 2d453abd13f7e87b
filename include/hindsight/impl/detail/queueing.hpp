// Queueing: the part of an emission that concerns queued subscribers: room in their mailboxes, putting the event there,
// and waking whoever empties them. Lives on the stack of the emitting thread.
#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/impl/detail/filtering.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace hindsight::detail {

class Queueing {
public:
    Queueing(Frame& frame, Hub& hub) noexcept : frame_(frame), hub_(hub) {}
    Queueing(const Queueing&) = delete;
    Queueing& operator=(const Queueing&) = delete;

    /// The subscribers that the event is for. Makes sure that nothing after the lock needs memory.
    void choose(const Snapshot& snapshot, const Filtering* filtering) {
        nodes_ = snapshot.queued();
        first_index_ = snapshot.direct_count;
        filtering_ = filtering;
        to_wake_.reserve(nodes_.size());
        displaced_.reserve(nodes_.size());
    }

    // With the ledger's lock held.

    /// Whether this thread has to wait for room first: in `wait_for_room`.
    bool is_full_locked() noexcept;
    /// Makes sure that no push needs memory. Throws std::bad_alloc, changing nothing.
    void reserve_locked() {
        for_each_taker([](Node& node) { node.mailbox->reserve_one(); });
    }
    /// Puts the event, which has its seq, into the mailboxes, with a reference each.
    void push_locked(Envelope& envelope) noexcept;

    // Without the lock.

    void wait_for_room();
    /// Sends the mailboxes that were idle to their executors, and ends what was dropped for this event.
    void finish(const Record& record) noexcept;

    std::uint32_t matched() const noexcept { return queued_ + dropped_; }
    std::uint32_t queued() const noexcept { return queued_; }
    std::uint32_t dropped() const noexcept { return dropped_; }

private:
    /// A full mailbox that does not make this thread wait: it grows instead, or the event is dropped there.
    struct Exemption {
        NodePtr node;
        bool may_grow;
    };

    bool passes(std::size_t i) const noexcept { return filtering_ == nullptr || filtering_->passes(first_index_ + i); }
    /// Calls `visit` for each subscriber that takes the event as things stand.
    template <class F>
    void for_each_taker(F visit) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            Node& node = *nodes_[i];
            if (passes(i) && !node.mailbox->closed && !node.has(Node::dead | Node::paused)) visit(node);
        }
    }
    void push_locked(Node& node, Envelope& envelope) noexcept;
    const Exemption* exemption_of(const Node& node) const noexcept;

    Frame& frame_;
    Hub& hub_;
    std::span<const NodePtr> nodes_;
    std::size_t first_index_ = 0;
    const Filtering* filtering_ = nullptr;

    Node* full_ = nullptr;  // whose mailbox to wait for
    std::uint32_t full_epoch_ = 0;
    std::optional<Deadline> deadline_;
    boost::container::small_vector<Exemption, 1> exemptions_;

    boost::container::small_vector<NodePtr, 8> to_wake_;
    boost::container::small_vector<Envelope*, 8> displaced_;  // taken out of mailboxes for this one
    std::uint32_t queued_ = 0;
    std::uint32_t dropped_ = 0;
};

}  // namespace hindsight::detail

// RoomWait: how one emission waits for room in full `block` mailboxes, one after the other, and what happens to each of
// them when waiting is over. Lives on the stack of the emitting thread.
#pragma once

#include <hindsight/detail/node.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/thread_slot.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>

namespace hindsight::detail {

class RoomWait {
public:
    explicit RoomWait(Frame& frame) noexcept : frame_(frame) {}
    RoomWait(const RoomWait&) = delete;
    RoomWait& operator=(const RoomWait&) = delete;

    /// With the ledger's lock held: whether this thread has to wait for room for `count` events in the node's mailbox.
    /// It is told then, and `wait` is for it.
    bool must_wait_locked(Node& node, std::size_t count) noexcept;
    /// Whether it has waited in vain: what finds no room is dropped.
    bool drops(const Node& node) const noexcept;

    /// Without the lock, until there may be room, or it is known what happens without. Throws std::bad_alloc, and
    /// InvalidArgument for more events than the mailbox could ever hold.
    void wait();

private:
    /// A mailbox that was full.
    struct Full {
        NodePtr node;
        Deadline deadline;  // for having room
        enum class Way : std::uint8_t {
            waits,
            waits_for_any_room,
            grows,
            drops
        } way;  // what happens while it has none
        bool waits_on() const noexcept { return way == Way::waits || way == Way::waits_for_any_room; }
    };

    const Full* known_as_full(const Node& node) const noexcept;

    Frame& frame_;
    Node* full_ = nullptr;  // whose mailbox to wait for
    std::size_t count_ = 0;
    std::uint32_t full_epoch_ = 0;
    boost::container::small_vector<Full, 1> known_full_;
};

}  // namespace hindsight::detail

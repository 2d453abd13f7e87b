#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/room_wait.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace hindsight::detail {

HINDSIGHT_INLINE bool RoomWait::must_wait_locked(Node& node, std::size_t count) noexcept {
    // Inside any handler a thread never waits: its mailboxes grow.
    if (frame_.outer != nullptr) return false;
    Mailbox& mailbox = *node.mailbox;
    if (mailbox.room_for(count) == Mailbox::Room::ready || node.has(Node::skipping)) return false;
    const Full* const known = known_as_full(node);
    if (known != nullptr && !known->waits_on()) return false;
    const bool any_room = known != nullptr && known->way == Full::Way::waits_for_any_room;
    full_ = &node;
    count_ = count;
    full_epoch_ = mailbox.room_epoch.load(std::memory_order_relaxed);
    if (count > mailbox.options().hard_limit) return true;
    if (count > 1) {
        mailbox.want_room_for(count);
    } else {
        mailbox.want(any_room ? Mailbox::Wanted::any_room : Mailbox::Wanted::much_room);
    }
    return true;
}

HINDSIGHT_INLINE bool RoomWait::drops(const Node& node) const noexcept {
    const Full* const known = known_as_full(node);
    return known != nullptr && known->way == Full::Way::drops;
}

HINDSIGHT_INLINE const RoomWait::Full* RoomWait::known_as_full(const Node& node) const noexcept {
    const auto found = std::ranges::find(known_full_, &node, [](const Full& each) { return each.node.get(); });
    return found != known_full_.end() ? &*found : nullptr;
}

HINDSIGHT_INLINE void RoomWait::wait() {
    Node& node = *full_;
    auto full = std::ranges::find(known_full_, &node, [](const Full& each) { return each.node.get(); });
    if (full == known_full_.end()) {
        const Deadline deadline = deadline_after(node.mailbox->options().block_for);
        known_full_.push_back(Full{NodePtr::share(node), deadline, Full::Way::waits});
        full = known_full_.end() - 1;
    }
    {
        // The executor is user code of the subscription.
        Running running(frame_);
        if ((running.move_to(node) & Node::dead) != 0) return;
        if (node.runs_here()) {
            full->way = Full::Way::grows;
            return;
        }
    }
    if (count_ > node.mailbox->options().hard_limit) {
        throw InvalidArgument("emit_many: " + std::to_string(count_) + " events are for the subscription " +
                              Hub::label_of(node) + " to \"" + std::string(node.pattern->text()) +
                              "\", whose mailbox holds " + std::to_string(node.mailbox->options().hard_limit) +
                              " at most (hard_limit): emit them in smaller batches");
    }
    // Some hundred events' time. A handler that is slower than this should not hold up the emitter for half a mailbox.
    constexpr Duration long_enough = std::chrono::microseconds(200);
    const bool patient = full->way == Full::Way::waits;
    const Deadline until = patient ? std::min(full->deadline, deadline_after(long_enough)) : full->deadline;
    const auto& epoch = node.mailbox->room_epoch;
    if (park_until(&epoch, until, [&] { return epoch.load(std::memory_order_acquire) != full_epoch_; })) return;
    full->way = until < full->deadline ? Full::Way::waits_for_any_room : Full::Way::drops;
}

}  // namespace hindsight::detail

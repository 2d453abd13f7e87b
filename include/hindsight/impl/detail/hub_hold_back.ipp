#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hold_back.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/timetable.hpp>
#include <hindsight/error.hpp>

#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

namespace hindsight::detail {

namespace hub_hold_back {

inline void require_sense(const char* option, Duration period, Delivery delivery) {
    const auto fault = [&](const std::string& what) {
        return InvalidArgument("subscribe: " + std::string(option) + what);
    };
    if (period < Duration::zero()) throw fault(" is negative: " + std::to_string(period.count()) + " ns");
    if (period > Duration::zero() && delivery != Delivery::queued)
        throw fault(" needs queued delivery: a direct handler is called before emit returns");
}

}  // namespace hub_hold_back

HINDSIGHT_INLINE void Hub::hold_back(Node& node, const SubscribeOptions& options) {
    hub_hold_back::require_sense("debounce", options.debounce, options.delivery);
    hub_hold_back::require_sense("throttle", options.throttle, options.delivery);
    const bool debounces = options.debounce > Duration::zero();
    if (debounces && options.throttle > Duration::zero())
        throw InvalidArgument("subscribe: debounce and throttle are both given: a subscription has one of them");
    timetable().get_ready();
    node.hold_back = debounces ? std::make_unique<HoldBack>(HoldBack::Kind::debounce, options.debounce)
                               : std::make_unique<HoldBack>(HoldBack::Kind::throttle, options.throttle);
}

HINDSIGHT_INLINE void Hub::remind(Node& node) noexcept {
    Reminders::node_type reminder;
    {
        const std::lock_guard lock(ledger_->mutex);
        reminder = node.hold_back->take_reminder(*node.mailbox, node);
    }
    if (reminder.empty()) return;
    const Reminder copy = reminder.value();
    own_timetable_->remind(std::move(reminder));
    // Whoever ends the node takes its reminder out after marking it, but may have come too early to find it.
    if (node.has(Node::dead)) own_timetable_->forget(copy);
}

HINDSIGHT_INLINE void Hub::finish_discarded(Node& node, Envelope* held_back) noexcept {
    if (held_back == nullptr) return;
    count_discarded(node, Record(EnvelopePtr::share(*held_back)));
    finish_delivery(held_back);
    note_progress_of_drain();
}

HINDSIGHT_INLINE void Hub::come_due(const NodePtr& node, Reminders::node_type&& reminder, TimePoint now) noexcept {
    let_in(*node, now, std::move(reminder));
    remind(*node);
}

HINDSIGHT_INLINE void Hub::let_in(Node& node, TimePoint now, Reminders::node_type&& reminder) noexcept {
    Mailbox& mailbox = *node.mailbox;
    Envelope* displaced = nullptr;
    bool to_wake = false;
    {
        const std::lock_guard lock(ledger_->mutex);
        if (!reminder.empty()) node.hold_back->put_back(std::move(reminder));
        displaced = node.hold_back->come_due(mailbox, now);
        to_wake = !mailbox.is_empty() && !mailbox.closed && mailbox.stage() == Mailbox::Stage::idle;
        if (to_wake) mailbox.go_to(Mailbox::Stage::waiting, ledger_->waiting_mailboxes);
    }
    if (displaced != nullptr) finish_delivery(displaced);
    note_progress_of_drain();
    if (!to_wake) return;
    try {
        Frame frame(ThreadSlot::current(), *this);
        give_to_executor(frame, node, Record());
    } catch (const std::bad_alloc&) {  // this thread, or this depth, is in the hub for the first time
        abandon(node);
    }
}

}  // namespace hindsight::detail

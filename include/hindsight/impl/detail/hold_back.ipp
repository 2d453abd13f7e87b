#pragma once

#include <hindsight/detail/hold_back.hpp>
#include <hindsight/detail/when.hpp>

#include <algorithm>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE HoldBack::HoldBack(Kind kind, Duration period) : kind_(kind), period_(period) {
    Reminders one;
    one.insert(Reminder{});
    reminder_ = one.extract(one.begin());
}

HINDSIGHT_INLINE HoldBack::Taken HoldBack::take_in(Mailbox& mailbox, Envelope& envelope, TimePoint now,
                                                   bool no_growth) noexcept {
    if (kind_ == Kind::throttle) until_ = std::min(until_, later(now, period_));  // the clock may have been set back
    Taken taken{.displaced = {come_due(mailbox, now)}};
    if (passes(mailbox, now)) {
        until_ = later(now, period_);
        const Mailbox::Push push = mailbox.push(envelope, no_growth);
        taken.fate = push.fate;
        taken.displaced[1] = push.displaced;
        return taken;
    }
    if (mailbox.held_back != nullptr) ++mailbox.conflated;
    taken.displaced[1] = std::exchange(mailbox.held_back, &envelope);
    if (kind_ == Kind::debounce) until_ = later(now, period_);
    return taken;
}

HINDSIGHT_INLINE Envelope* HoldBack::come_due(Mailbox& mailbox, TimePoint now) noexcept {
    if (mailbox.held_back == nullptr || until_ > now) return nullptr;
    if (kind_ == Kind::throttle) until_ = later(now, period_);
    return mailbox.bring_in();
}

HINDSIGHT_INLINE Reminders::node_type HoldBack::take_reminder(const Mailbox& mailbox, Node& node) noexcept {
    if (!wants_reminder(mailbox)) return {};
    reminded_at_ = until_;
    reminder_.value() = {.due = until_, .node = &node};
    return std::move(reminder_);
}

}  // namespace hindsight::detail

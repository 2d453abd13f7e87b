#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/event_owners.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/refusal.hpp>
#include <hindsight/receipt.hpp>

namespace hindsight {

namespace receipt {

inline const detail::Refusal* refusal_of(const Receipt& receipt) noexcept {
    const bool refused = receipt.outcome == Outcome::vetoed || receipt.outcome == Outcome::middleware_failed;
    return refused && receipt.envelope ? static_cast<const detail::Refusal*>(receipt.envelope->payload()) : nullptr;
}

}  // namespace receipt

HINDSIGHT_INLINE std::string_view Receipt::reason() const& noexcept {
    const detail::Refusal* const refusal = receipt::refusal_of(*this);
    return refusal != nullptr ? std::string_view(refusal->reason) : std::string_view();
}

HINDSIGHT_INLINE std::string_view Receipt::refused_by() const& noexcept {
    const detail::Refusal* const refusal = receipt::refusal_of(*this);
    return refusal != nullptr ? std::string_view(refusal->middleware) : std::string_view();
}

HINDSIGHT_INLINE void Receipt::wait() const {
    wait_for(Duration::max());
}

HINDSIGHT_INLINE bool Receipt::wait_for(Duration timeout) const {
    if (!envelope || detail::is_complete(*envelope)) return true;
    if (detail::ThreadSlot::current().top != nullptr) {
        throw WouldDeadlock(
            "Receipt::wait inside a handler, filter or policy: those that wait for each other would never return");
    }
    // A bus that is gone has ended all its deliveries.
    if (const auto owner = detail::EventOwners::instance().find(envelope->origin)) {
        owner->require_wait_can_end(*envelope);
    }
    return detail::wait_for_completion(*envelope, detail::deadline_after(timeout));
}

HINDSIGHT_INLINE HandlerFailed::HandlerFailed() : Error("emit: direct handlers threw; see `errors`") {}

namespace receipt {

inline std::string refusal_text(const std::string& what, const Receipt& receipt) {
    switch (receipt.outcome) {
    case Outcome::vetoed:
    case Outcome::middleware_failed:
        return what + " by " + std::string(receipt.refused_by()) + ": " + std::string(receipt.reason());
    case Outcome::closed:
        return what + ": this bus is shut down";
    default:
        return what + ": too deep inside handlers";
    }
}

}  // namespace receipt

HINDSIGHT_INLINE RequestRefused::RequestRefused(const std::string& message, Receipt receipt_)
    : Error(receipt::refusal_text(message, receipt_)), receipt(std::move(receipt_)) {}

}  // namespace hindsight

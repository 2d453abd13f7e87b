// How an envelope that has been put into mailboxes waits for its deliveries to end. With the ledger's lock held, so
// that nobody can take it out of a mailbox yet.
#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/envelope.hpp>

#include <cstdint>

namespace hindsight::detail {

inline void await_deliveries(Envelope& envelope, std::uint32_t count) noexcept {
    constexpr std::uint64_t each = Envelope::one_reference + Envelope::one_delivery;
    envelope.holders.fetch_add(count * each, std::memory_order_relaxed);
}

/// `queued` mailboxes have the event, with a reference each, of which `queued_converted` have it converted.
inline void await_deliveries(Envelope& envelope, Envelope* converted, std::uint32_t queued,
                             std::uint32_t queued_converted) noexcept {
    std::uint32_t deliveries = queued;
    if (queued_converted > 0) {
        converted->next_evicted = &envelope;  // Envelope::original
        await_deliveries(*converted, queued_converted);
        tell_of_completion(*converted);
        deliveries = queued - queued_converted + 1;
    }
    if (deliveries > 0) await_deliveries(envelope, deliveries);
}

}  // namespace hindsight::detail

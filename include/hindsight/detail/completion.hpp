// Completion: the count of queued deliveries that an event still waits for, kept in its envelope.
//
// `pending` is set under the ledger's lock before the envelope is in any mailbox. Each delivery that ends, however it
// ends, takes one off with release; a waiter reads zero with acquire, so it sees what the handlers did. The top bit
// says that someone waits: only then does the last delivery go and wake them.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/parking.hpp>

#include <atomic>
#include <cstdint>

namespace hindsight::detail {

inline constexpr std::uint32_t completion_awaited = std::uint32_t{1} << 31;

inline bool is_complete(const Envelope& envelope) noexcept {
    return (envelope.pending.load(std::memory_order_acquire) & ~completion_awaited) == 0;
}

inline void end_delivery(Envelope& envelope) noexcept;

/// The last delivery of an envelope has ended, and someone wants to know.
[[gnu::noinline]] inline void tell_of_completion(Envelope& envelope) noexcept {
    // Those of a converted envelope are together one delivery of its original, which has the receipts.
    if (Envelope* const original = envelope.original()) {
        end_delivery(*original);
        release(original);
    } else {
        unpark_all(&envelope);
    }
}

/// Ends one queued delivery of an envelope that the caller has a reference to.
inline void end_delivery(Envelope& envelope) noexcept {
    const std::uint32_t before = envelope.pending.fetch_sub(1, std::memory_order_acq_rel);
    if (before == (completion_awaited | 1)) [[unlikely]]
        tell_of_completion(envelope);
}

/// Ends one queued delivery and gives up the mailbox's reference.
inline void finish_delivery(Envelope* envelope) noexcept {
    end_delivery(*envelope);
    release(envelope);
}

/// Blocks until all deliveries have ended or the deadline is over; whether they have.
inline bool wait_for_completion(Envelope& envelope, Deadline deadline) {
    if (is_complete(envelope)) return true;
    envelope.pending.fetch_or(completion_awaited, std::memory_order_acq_rel);
    return park_until(&envelope, deadline, [&] { return is_complete(envelope); });
}

}  // namespace hindsight::detail

// Completion: the count of queued deliveries that an event still waits for, kept in its envelope, above the references.
//
// It is set under the ledger's lock before the envelope is in any mailbox. Each delivery that ends, however it ends,
// takes one off with release; a waiter reads zero with acquire, so it sees what the handlers did. The top bit says that
// someone waits: only then does the last delivery go and wake them.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/parking.hpp>

#include <atomic>
#include <cstdint>

namespace hindsight::detail {

inline constexpr std::uint64_t completion_awaited = std::uint64_t{1} << 63;

/// Of a value of `Envelope::holders`.
constexpr std::uint64_t deliveries_in(std::uint64_t holders) noexcept {
    return (holders & ~completion_awaited) / Envelope::one_delivery;
}

inline bool is_complete(const Envelope& envelope) noexcept {
    return deliveries_in(envelope.holders.load(std::memory_order_acquire)) == 0;
}

/// From here on the last delivery to end tells so; it may have ended already.
inline void tell_of_completion(Envelope& envelope) noexcept {
    envelope.holders.fetch_or(completion_awaited, std::memory_order_acq_rel);
}

/// A delivery has ended when there were these holders, and somebody waits: wakes them if it was the last. The envelope
/// may be gone.
[[gnu::noinline]] inline void tell_if_last(const void* envelope, std::uint64_t holders) noexcept {
    if (deliveries_in(holders) == 1) unpark_all(envelope);
}

HINDSIGHT_ALWAYS_INLINE void finish_delivery(Envelope* envelope) noexcept;

/// The same for an envelope that the caller has a reference to.
[[gnu::noinline]] inline void tell_if_last(Envelope& envelope, std::uint64_t holders) noexcept {
    // Those of a converted envelope are together one delivery of its original, which has the receipts.
    Envelope* const original = envelope.original();
    if (original == nullptr) return tell_if_last(static_cast<const void*>(&envelope), holders);
    if (deliveries_in(holders) == 1) finish_delivery(original);
}

/// Ends one queued delivery of an envelope that the caller has a reference to.
inline void end_delivery(Envelope& envelope) noexcept {
    const std::uint64_t before = envelope.holders.fetch_sub(Envelope::one_delivery, std::memory_order_acq_rel);
    if ((before & completion_awaited) != 0) [[unlikely]]
        tell_if_last(envelope, before);
}

/// Ends one queued delivery and gives up the mailbox's reference.
HINDSIGHT_ALWAYS_INLINE void finish_delivery(Envelope* envelope) noexcept {
    // A sole owner needs no read-modify-write: nobody is left who could add a reference, or wait.
    constexpr std::uint64_t mine = Envelope::one_delivery + Envelope::one_reference;
    if (envelope->holders.load(std::memory_order_acquire) != mine) [[likely]] {
        if (envelope->has(Envelope::converted)) [[unlikely]] {  // whose end is told by what it says
            end_delivery(*envelope);
            return release(envelope);
        }
        const std::uint64_t before = envelope->holders.fetch_sub(mine, std::memory_order_acq_rel);
        if ((before & completion_awaited) != 0) [[unlikely]]
            tell_if_last(static_cast<const void*>(envelope), before);
        if (references_in(before) != 1) [[likely]]
            return;
    }
    destroy(envelope);
}

/// Blocks until all deliveries have ended or the deadline is over; whether they have.
inline bool wait_for_completion(Envelope& envelope, Deadline deadline) {
    if (is_complete(envelope)) return true;
    tell_of_completion(envelope);
    return park_until(&envelope, deadline, [&] { return is_complete(envelope); });
}

}  // namespace hindsight::detail

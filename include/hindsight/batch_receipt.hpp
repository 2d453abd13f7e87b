// BatchReceipt: what emit_many returns: what became of its events, all of which can be waited on together.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hindsight {

/// The counts are those at the return of `emit_many`, added up over all events. Copyable; safe to use after the bus is
/// gone.
struct HINDSIGHT_API BatchReceipt {
    /// An event that middleware has left out of the batch.
    struct Refused {
        std::size_t index = 0;  ///< in the range
        Receipt receipt;        ///< its outcome, and why
    };

    Seq first = 0;             ///< of the first event that was accepted; 0: none was
    std::size_t count = 0;     ///< events that were accepted, with the seqs from `first` on, one after the other
    std::size_t recorded = 0;  ///< of those: kept by history
    /// `recorded` if history keeps any of them; `not_kept` if none, or if the range was empty; that of the first event
    /// if middleware refused all; `closed` and `too_deep` are for all of the batch.
    Outcome outcome = Outcome::closed;
    std::uint64_t matched = 0;  ///< deliveries that the events are for: to each matching subscription
    std::uint64_t queued = 0;   ///< of those: put into a mailbox
    std::uint64_t dropped = 0;  ///< of those: refused by a full mailbox
    std::vector<Refused> refused = {};

    /// Whether any event was accepted.
    explicit operator bool() const noexcept { return count != 0; }

    /// Blocks until every handler of every event has returned. Throws as Receipt::wait does.
    void wait() const;
    /// The same for `timeout` at most; whether all handlers have returned.
    bool wait_for(Duration timeout) const;

    /// For the library: the events that wait in mailboxes.
    std::vector<Record> waiting = {};
};

/// What `emit_many` throws under ErrorPolicy::rethrow when direct handlers threw, after all of them have run for all
/// events: `errors` has what each threw, `batch` is what would have been returned, and `receipt` that of the first
/// event, without its counts.
struct HINDSIGHT_API BatchHandlerFailed : HandlerFailed {
    BatchReceipt batch;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/batch_receipt.ipp>
#endif

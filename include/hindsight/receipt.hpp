// Receipt: what emit returns. It tells what became of the event and can be waited on.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/error.hpp>
#include <hindsight/types.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight {

/// What became of an emitted event. `recorded` and `not_kept` were accepted; the others have no seq and reached nobody.
/// `vetoed`: by middleware; `middleware_failed`: it threw.
enum class Outcome : std::uint8_t { recorded, not_kept, vetoed, closed, too_deep, middleware_failed };

/// The counts are those at the return of `emit`; deliveries that end otherwise later (dropped for a newer event,
/// disconnected) complete the receipt all the same. Copyable; safe to use after the bus is gone.
struct HINDSIGHT_API Receipt {
    Seq seq = 0;  ///< 0: the event was not accepted
    Outcome outcome = Outcome::closed;
    std::uint32_t matched = 0;  ///< subscriptions that the event is for
    std::uint32_t queued = 0;   ///< of those: put into a mailbox
    std::uint32_t dropped = 0;  ///< of those: refused by a full mailbox

    /// Whether the event was accepted.
    explicit operator bool() const noexcept { return seq != 0; }

    /// Of an event that middleware has refused: why, as it said, or the text of what it threw; and its name, or `#` and
    /// its id. Else empty. The views live as long as some copy of the receipt.
    std::string_view reason() const& noexcept;
    std::string_view reason() const&& = delete;
    std::string_view refused_by() const& noexcept;
    std::string_view refused_by() const&& = delete;

    /// Blocks until every handler of this event has returned. Throws WouldDeadlock when that could never happen:
    /// inside any handler, filter or policy, or where an executor that the event still waits for runs on this very
    /// thread.
    void wait() const;
    /// The same for `timeout` at most; whether all handlers have returned.
    bool wait_for(Duration timeout) const;

    /// For the library: set where the event waits in mailboxes, and where middleware has refused it.
    detail::EnvelopePtr envelope = {};
};

/// Thrown by `emit` under ErrorPolicy::rethrow when direct handlers threw, after all of them have run. The event is
/// recorded and delivered; `receipt` is what emit would have returned.
struct HINDSIGHT_API HandlerFailed : Error {
    HandlerFailed();
    Receipt receipt;
    std::vector<std::exception_ptr> errors;
};

/// A request whose question was refused, by middleware for instance: `receipt` says why. Or its reply, as the error of
/// a ReplyFailed.
struct HINDSIGHT_API RequestRefused : Error {
    RequestRefused(const std::string& message, Receipt receipt_);
    Receipt receipt;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/receipt.ipp>
#endif

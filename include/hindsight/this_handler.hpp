// this_handler: what the handler that runs on this thread can ask about itself.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>

namespace hindsight::this_handler {

/// The record that the innermost handler on this thread was given; null outside handlers, in `on_lagged`, in
/// middleware, and while the event is copied to make that record. Valid while it runs.
HINDSIGHT_API const Record* record() noexcept;

/// Ends the subscription whose handler (or `on_lagged`) this is, or the use of this middleware; its state is destroyed
/// when the handler returns. Does nothing outside handlers. Works before `subscribe` has returned the handle.
HINDSIGHT_API void disconnect() noexcept;

/// For `on_lagged`: what history still has of the hole, of the events that the subscription is for: its name, pattern
/// or type, and its filter, which runs here, count. Events in the range that came while it was paused, or that a
/// conflating mailbox replaced, are given, too. Throws InvalidArgument outside handlers, Closed where the bus is gone,
/// std::bad_alloc, and what the filter throws. Costs what a query costs.
HINDSIGHT_API Reread reread(const Lagged& hole);

}  // namespace hindsight::this_handler

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/this_handler.ipp>
#endif

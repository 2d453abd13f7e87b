// this_handler: what the handler that runs on this thread can ask about itself.
#pragma once

#include <hindsight/detail/api.hpp>

namespace hindsight {

class Record;

namespace this_handler {

/// The record that the innermost handler on this thread was given; null outside handlers. Valid while it runs.
HINDSIGHT_API const Record* record() noexcept;

/// Ends the subscription whose handler this is; its state is destroyed when the handler returns. Does nothing outside
/// handlers. Works before `subscribe` has returned the handle.
HINDSIGHT_API void disconnect() noexcept;

}  // namespace this_handler
}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/this_handler.ipp>
#endif

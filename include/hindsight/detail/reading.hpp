// Reading an inbox: from its mailbox as long as there is the bus, then from what was left there.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/record.hpp>

namespace hindsight::detail {

/// The next record for the inbox; null: nothing waits. Runs `on_lagged`. Throws std::bad_alloc, changing nothing.
HINDSIGHT_API Record read(Node& node);
/// Whether `read` might find something. If not, the readers are woken by what comes next, as when it has found nothing.
HINDSIGHT_API bool has_unread(Node& node) noexcept;
HINDSIGHT_API Unread unread(const Node& node) noexcept;
/// Nobody will read what the bus has left.
HINDSIGHT_API void discard_rest(Node& node) noexcept;

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/reading.ipp>
#endif

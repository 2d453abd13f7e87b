// What history cannot give for a hole any more.
#pragma once

#include <hindsight/record.hpp>

#include <cstddef>

namespace hindsight::detail {

/// `found`: how many of the events that were missed it has. It may have more of that range, which the subscription did
/// not miss: they were skipped while it was paused, or replaced.
inline Lagged what_is_gone(const Lagged& hole, std::size_t found) noexcept {
    if (hole.missed <= found) return {};
    return {hole.first, hole.last, hole.missed - found};
}

}  // namespace hindsight::detail

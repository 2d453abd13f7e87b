// Refusal: what the receipt of an event that middleware has refused holds on to, in an envelope, so that all other
// receipts stay as small as they are.
#pragma once

#include <hindsight/detail/event_access.hpp>

#include <string>
#include <string_view>

namespace hindsight::detail {

struct Refusal;
template <>
inline constexpr bool is_library_event<Refusal> = true;

/// Never emitted.
struct Refusal {
    static constexpr std::string_view event_name = "hindsight.refusal";
    static std::string event_json() { return "{}"; }

    std::string middleware;
    std::string reason;
};

}  // namespace hindsight::detail

// Text that stays on one line and does not steer a terminal, whatever stands in it.
#pragma once

#include <hindsight/detail/api.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hindsight::detail {

/// The lowest `digits` hexadecimal digits.
HINDSIGHT_API void append_hex(std::string& out, std::uint64_t number, unsigned digits);

/// Appends the text with control characters and line ends below a space as spaces, the others as \uXXXX. JSON stays the
/// same JSON: there, those below a space can only stand between values, and the others only inside strings.
HINDSIGHT_API void append_on_one_line(std::string& out, std::string_view text);

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/one_line.ipp>
#endif

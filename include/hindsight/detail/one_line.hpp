// Text that stays on one line and does not steer a terminal, whatever stands in it.
#pragma once

#include <hindsight/detail/api.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hindsight::detail {

/// The lowest `digits` hexadecimal digits.
HINDSIGHT_API void append_hex(std::string& out, std::uint64_t number, unsigned digits);

/// The bytes of the character that the text begins with if it could end a line or steer a terminal: a control character
/// (ASCII's and those from U+0080 to U+009F), or the line or paragraph separator; else 0.
inline std::size_t unprintable_size(std::string_view text) noexcept {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x20 || first == 0x7f) return 1;
    if (first == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) - 0x80U < 0x20U) return 2;
    return text.starts_with("\u2028") || text.starts_with("\u2029") ? 3 : 0;
}

/// Appends the text with control characters and line ends below a space as spaces, the others as \uXXXX. JSON stays the
/// same JSON: there, those below a space can only stand between values, and the others only inside strings.
HINDSIGHT_API void append_on_one_line(std::string& out, std::string_view text);

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/one_line.ipp>
#endif

// Where the characters of a text end that claims to be UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace hindsight::detail {

/// The first bytes of a text: one well-formed character, or the longest part that could have begun one.
struct Utf8Part {
    std::size_t size;
    bool valid;
};

/// Unicode's table of well-formed byte sequences: it excludes overlong forms, surrogates and all beyond U+10FFFF by
/// narrowing the range of the second byte. `text` must not be empty.
inline Utf8Part first_utf8_part(std::string_view text) noexcept {
    const auto byte_at = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned lead = byte_at(0);
    if (lead < 0x80) {
        return {1, true};
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return {1, false};
    }
    const std::size_t expected = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    std::size_t size = 1;
    while (size != expected && size != text.size() && byte_at(size) >= lowest && byte_at(size) <= highest) {
        ++size;
        lowest = 0x80;
        highest = 0xbf;
    }
    return {size, size == expected};
}

/// What stands for a malformed part.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

}  // namespace hindsight::detail

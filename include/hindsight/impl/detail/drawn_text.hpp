// Text for drawings: one short line of well-formed UTF-8 that any picture format can hold.
#pragma once

#include <hindsight/detail/one_line.hpp>
#include <hindsight/detail/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace hindsight::detail {

inline constexpr std::size_t most_drawn_characters = 100;

/// U+FFFE and U+FFFF, which XML has no place for.
inline bool is_noncharacter(std::string_view character) noexcept {
    return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

/// Calls `put` with each character that is to be drawn: spaces for those that could end a line or steer a terminal,
/// U+FFFD for what is malformed, and three dots for what is too much.
template <class Put>
void for_each_drawn(std::string_view text, Put put) {
    for (std::size_t count = 0; !text.empty(); ++count) {
        if (count == most_drawn_characters) return put("...");
        const Utf8Part part = first_utf8_part(text);
        const std::string_view character = text.substr(0, part.size);
        text.remove_prefix(part.size);
        if (!part.valid || is_noncharacter(character)) {
            put(replacement_character);
        } else {
            put(unprintable_size(character) > 0 ? std::string_view(" ") : character);
        }
    }
}

}  // namespace hindsight::detail

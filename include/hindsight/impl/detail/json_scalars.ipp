#pragma once

#include <hindsight/detail/json_scalars.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace hindsight::detail {

/// The first bytes of a text: one well-formed character, or the longest part that could have begun one.
struct Utf8Part {
    std::size_t size;
    bool valid;
};

/// Unicode's table of well-formed byte sequences: it excludes overlong forms, surrogates and all beyond U+10FFFF by
/// narrowing the range of the second byte. `text` must not be empty.
HINDSIGHT_INLINE Utf8Part first_utf8_part(std::string_view text) noexcept {
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

HINDSIGHT_INLINE void append_json_escape(std::string& out, char character) {
    constexpr std::string_view short_escapes = "\"\\\b\f\n\r\t";
    constexpr std::string_view letters = "\"\\bfnrt";
    constexpr std::string_view digits = "0123456789abcdef";
    out += '\\';
    if (const std::size_t index = short_escapes.find(character); index != std::string_view::npos) {
        out += letters[index];
    } else {
        const auto byte = static_cast<unsigned char>(character);
        out += {'u', '0', '0', digits[byte >> 4U], digits[byte & 0xfU]};
    }
}

HINDSIGHT_INLINE void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t pending = 0;  // everything from here to the current position is copied as it is
    for (std::size_t position = 0; position != text.size();) {
        const auto byte = static_cast<unsigned char>(text[position]);
        const bool escaped = byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
        const Utf8Part part = first_utf8_part(text.substr(position));
        if (escaped || !part.valid) {
            out += text.substr(pending, position - pending);
            if (escaped) {
                append_json_escape(out, text[position]);
            } else {
                out += "\xef\xbf\xbd";
            }
            pending = position + part.size;
        }
        position += part.size;
    }
    out += text.substr(pending);
    out += '"';
}

template <class Number>
void append_shortest(std::string& out, Number number) {
    std::array<char, 64> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), written.ptr);
}

template <class Number>
void append_shortest_or_null(std::string& out, Number number) {
    if (std::isfinite(number)) {
        append_shortest(out, number);
    } else {
        out += "null";
    }
}

HINDSIGHT_INLINE void append_json_number(std::string& out, std::int64_t number) {
    append_shortest(out, number);
}

HINDSIGHT_INLINE void append_json_number(std::string& out, std::uint64_t number) {
    append_shortest(out, number);
}

HINDSIGHT_INLINE void append_json_number(std::string& out, float number) {
    append_shortest_or_null(out, number);
}

HINDSIGHT_INLINE void append_json_number(std::string& out, double number) {
    append_shortest_or_null(out, number);
}

HINDSIGHT_INLINE void append_json_number(std::string& out, long double number) {
    append_shortest_or_null(out, number);
}

/// `digits` decimal digits and the character that follows them.
HINDSIGHT_INLINE void append_padded(std::string& out, std::uint32_t number, std::size_t digits, char next) {
    const std::size_t begin = out.size();
    out.append(digits, '0');
    for (std::size_t position = begin + digits; position != begin; number /= 10) {
        out[--position] = static_cast<char>('0' + number % 10);
    }
    out += next;
}

HINDSIGHT_INLINE void append_json_time(std::string& out, TimePoint time) {
    append_json_time(out, std::chrono::floor<std::chrono::seconds>(time),
                     nanoseconds_of_second(time.time_since_epoch()));
}

HINDSIGHT_INLINE void append_json_time(std::string& out, std::chrono::sys_seconds seconds, std::uint32_t nanoseconds) {
    constexpr std::chrono::sys_seconds first = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
    constexpr std::chrono::sys_seconds end = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
    if (seconds < first || seconds >= end) {
        append_json_number(out, std::int64_t{seconds.time_since_epoch().count()});
        return;
    }
    const auto midnight = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(midnight);
    const auto second_of_day = static_cast<std::uint32_t>((seconds - midnight).count());
    out += '"';
    append_padded(out, static_cast<std::uint32_t>(int{date.year()}), 4, '-');
    append_padded(out, unsigned{date.month()}, 2, '-');
    append_padded(out, unsigned{date.day()}, 2, 'T');
    append_padded(out, second_of_day / 3600, 2, ':');
    append_padded(out, second_of_day / 60 % 60, 2, ':');
    append_padded(out, second_of_day % 60, 2, '.');
    append_padded(out, nanoseconds, 9, 'Z');
    out += '"';
}

HINDSIGHT_INLINE void append_json_opaque(std::string& out, std::string_view type, std::size_t size) {
    out += R"({"type":)";
    append_json_string(out, type);
    out += R"(,"size":)";
    append_json_number(out, std::uint64_t{size});
    out += '}';
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/json_scalars.hpp>
#include <hindsight/detail/utf8.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace hindsight::detail {

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
                out += replacement_character;
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

// What event names and patterns look like: segments of [A-Za-z0-9_-] joined by dots, 1 to 255 bytes; in a pattern a
// whole segment may be "*". The same functions check at compile time and at run time.

#pragma once

#include <hindsight/detail/api.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace hindsight::detail {

inline constexpr std::size_t max_name_bytes = 255;

/// The first thing wrong with a name: where (0-based) and what. False when nothing is.
struct NameFault {
    std::size_t column = 0;
    std::string_view reason = {};

    constexpr explicit operator bool() const noexcept { return !reason.empty(); }
};

/// By byte: a look at a name that is known at run time only comes before each emit of it.
inline constexpr std::array<bool, 256> name_characters = [] {
    std::array<bool, 256> result{};
    for (const char character : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")) {
        result[static_cast<unsigned char>(character)] = true;
    }
    return result;
}();

constexpr bool is_name_character(char character) noexcept {
    return name_characters[static_cast<unsigned char>(character)];
}

/// The text from `begin` to the next dot or the end.
constexpr std::string_view segment_at(std::string_view text, std::size_t begin) noexcept {
    // Not string_view::find: g++ with the undefined behaviour sanitizer does not evaluate it at compile time for names
    // that are members of templates.
    std::size_t end = begin;
    while (end != text.size() && text[end] != '.') {
        ++end;
    }
    return text.substr(begin, end - begin);
}

/// First segment of a name.
constexpr std::string_view category_of(std::string_view name) noexcept {
    return segment_at(name, 0);
}

/// Whether the name belongs to the library's own events, which only patterns that begin with "hindsight" match.
constexpr bool is_library_name(std::string_view name) noexcept {
    constexpr std::string_view own = "hindsight";
    return name.substr(0, own.size()) == own && (name.size() == own.size() || name[own.size()] == '.');
}

/// Whether `scope` is `upper`, or lies below it.
constexpr bool is_in_scope(std::string_view scope, std::string_view upper) noexcept {
    return scope.substr(0, upper.size()) == upper && (scope.size() == upper.size() || scope[upper.size()] == '.');
}

constexpr NameFault first_segment_fault(std::string_view segment, bool wildcards) noexcept {
    if (segment.empty()) {
        return {0, "empty segment"};
    }
    if (wildcards && segment == "*") {
        return {};
    }
    for (std::size_t column = 0; column != segment.size(); ++column) {
        if (is_name_character(segment[column])) continue;
        if (segment[column] != '*') return {column, "only letters, digits, '_', '-' and '.' are allowed"};
        return {column, wildcards ? "'*' must be a whole segment" : "'*' is for patterns only"};
    }
    return {};
}

constexpr NameFault first_fault(std::string_view text, bool wildcards) noexcept {
    if (text.empty()) {
        return {0, "empty"};
    }
    for (std::size_t begin = 0; begin <= text.size() && begin <= max_name_bytes;) {
        const std::string_view segment = segment_at(text, begin);
        const NameFault fault = first_segment_fault(segment, wildcards);
        if (fault && (begin + fault.column < max_name_bytes || text.size() <= max_name_bytes)) {
            return {begin + fault.column, fault.reason};
        }
        begin += segment.size() + 1;
    }
    if (text.size() > max_name_bytes) {
        return {max_name_bytes, "longer than 255 bytes"};
    }
    return {};
}

constexpr NameFault first_name_fault(std::string_view name) noexcept {
    return first_fault(name, false);
}

constexpr NameFault first_pattern_fault(std::string_view pattern) noexcept {
    return first_fault(pattern, true);
}

constexpr bool is_valid_name(std::string_view name) noexcept {
    return !first_name_fault(name);
}

constexpr bool is_valid_pattern(std::string_view pattern) noexcept {
    return !first_pattern_fault(pattern);
}

/// Whether there may be a name that two valid patterns both match.
constexpr bool patterns_overlap(std::string_view left, std::string_view right) noexcept {
    const bool left_begins_open = category_of(left) == "*", right_begins_open = category_of(right) == "*";
    if ((left_begins_open && is_library_name(right)) || (right_begins_open && is_library_name(left))) return false;
    for (std::size_t i = 0, k = 0;;) {
        const std::string_view a = segment_at(left, i), b = segment_at(right, k);
        i += a.size() + 1;
        k += b.size() + 1;
        const bool left_ends = i > left.size(), right_ends = k > right.size();
        if ((a == "*" && left_ends) || (b == "*" && right_ends)) return true;
        if (a != "*" && b != "*" && a != b) return false;
        if (left_ends || right_ends) return left_ends && right_ends;
    }
}

/// Throws InvalidName, which shows the text, the column and the reason.
HINDSIGHT_API void require_valid_name(std::string_view name);
HINDSIGHT_API void require_valid_pattern(std::string_view pattern);
HINDSIGHT_API void require_valid_category(std::string_view category);

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/name_rules.ipp>
#endif

#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>

#include <string>

namespace hindsight::detail {

/// The text as it is fit to be printed: bytes that are not printable ASCII as \xNN, and not more than a name can hold.
HINDSIGHT_INLINE std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const char character : text.substr(0, max_name_bytes)) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte < 0x7f) {
            result += character;
        } else {
            result += {'\\', 'x', digits[byte >> 4U], digits[byte & 0xfU]};
        }
    }
    return text.size() > max_name_bytes ? result + "..." : result;
}

[[noreturn]] HINDSIGHT_INLINE void throw_invalid_name(std::string_view kind, std::string_view text, NameFault fault) {
    std::string message = "invalid ";
    message.append(kind).append(" \"").append(printable(text)).append("\": ").append(fault.reason);
    message.append(" at column ").append(std::to_string(fault.column));
    throw InvalidName(message);
}

HINDSIGHT_INLINE void require_valid_name(std::string_view name) {
    if (const NameFault fault = first_name_fault(name)) {
        throw_invalid_name("event name", name, fault);
    }
}

HINDSIGHT_INLINE void require_valid_pattern(std::string_view pattern) {
    if (const NameFault fault = first_pattern_fault(pattern)) {
        throw_invalid_name("pattern", pattern, fault);
    }
}

HINDSIGHT_INLINE void require_valid_category(std::string_view category) {
    NameFault fault = first_name_fault(category);
    const std::size_t dot = category.find('.');
    if (!fault && dot != std::string_view::npos) fault = {dot, "a category is a name's first segment"};
    if (fault) throw_invalid_name("category", category, fault);
}

}  // namespace hindsight::detail

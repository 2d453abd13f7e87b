#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/pattern.hpp>

namespace hindsight {

HINDSIGHT_INLINE void Pattern::assign(std::string_view text) {
    detail::require_valid_pattern(text);
    text_ = text;
    exact_ = text.find('*') == std::string_view::npos;
}

HINDSIGHT_INLINE bool Pattern::matches(std::string_view name) const noexcept {
    if (exact_) {
        return name == text_;
    }
    std::string_view pattern = text_;
    if (!detail::is_valid_name(name) || (pattern.starts_with('*') && detail::is_library_name(name))) {
        return false;
    }
    // Segments pair off one to one until the pattern's last, so there is nothing to try twice.
    while (true) {
        const std::size_t pattern_end = pattern.find('.');
        const std::size_t name_end = name.find('.');
        const bool last_of_pattern = pattern_end == std::string_view::npos;
        const bool last_of_name = name_end == std::string_view::npos;
        const std::string_view segment = pattern.substr(0, pattern_end);
        if (segment == "*") {
            if (last_of_pattern) {
                return true;
            }
        } else if (segment != name.substr(0, name_end)) {
            return false;
        }
        if (last_of_pattern || last_of_name) {
            return last_of_pattern && last_of_name;
        }
        pattern.remove_prefix(pattern_end + 1);
        name.remove_prefix(name_end + 1);
    }
}

}  // namespace hindsight

// Values that can be read as text in place: string_view, string, const char*, character arrays, string classes.

#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace hindsight::detail {

template <class T>
concept TextLike = std::convertible_to<const T&, std::string_view>;

/// The text of `value`, which owns it. A null pointer is empty, and a character array may lack the final zero.
template <TextLike T>
constexpr std::string_view as_text(const T& value) noexcept(noexcept(static_cast<std::string_view>(value))) {
    if constexpr (std::is_array_v<T>) {
        const std::string_view whole(value, std::extent_v<T>);
        return whole.substr(0, whole.find('\0'));
    } else if constexpr (std::is_pointer_v<T>) {
        return value == nullptr ? std::string_view{} : std::string_view{value};
    } else {
        const std::string_view text = value;
        return text;
    }
}

template <TextLike T>
constexpr bool is_null_text(const T& text) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return text == nullptr;
    } else {
        return false;
    }
}

}  // namespace hindsight::detail

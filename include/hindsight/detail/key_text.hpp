// The key of an event as text: a view of text the event owns, or text of its own where the key was computed.

#pragma once

#include <hindsight/detail/text_like.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight::detail {

template <class T>
concept KeyLike = TextLike<T> || std::integral<T> || std::is_enum_v<T>;

class KeyText {
public:
    /// Text that is passed as an lvalue, a view or a pointer must outlive this; everything else is copied.
    template <class Key>
        requires KeyLike<std::remove_cvref_t<Key>>
    explicit KeyText(Key&& key) {
        using Value = std::remove_cvref_t<Key>;
        if constexpr (std::same_as<Value, char>) {
            digits_[0] = key;
            view_ = {digits_.data(), 1};
        } else if constexpr (std::is_enum_v<Value>) {
            write(static_cast<std::underlying_type_t<Value>>(key));
        } else if constexpr (std::integral<Value>) {
            write(key);
        } else if constexpr (std::is_lvalue_reference_v<Key> || std::same_as<Value, std::string_view> ||
                             std::is_pointer_v<Value>) {
            view_ = as_text(key);
        } else if constexpr (std::same_as<Value, std::string>) {
            view_ = owned_ = std::forward<Key>(key);
        } else {
            view_ = owned_ = as_text(key);
        }
    }

    KeyText(const KeyText&) = delete;
    KeyText& operator=(const KeyText&) = delete;

    std::string_view view() const noexcept { return view_; }

private:
    template <std::integral Integer>
    void write(Integer value) {
        static_assert(sizeof(Integer) <= sizeof(std::int64_t), "hindsight: an event's key must fit in 64 bits");
        using Wide = std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>;
        const auto written = std::to_chars(digits_.data(), digits_.data() + digits_.size(), static_cast<Wide>(value));
        view_ = {digits_.data(), written.ptr};
    }

    std::string_view view_;
    std::array<char, 24> digits_ = {};
    std::string owned_;
};

}  // namespace hindsight::detail

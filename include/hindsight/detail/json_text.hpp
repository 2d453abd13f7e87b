// Appends any value to JSON text: what says how itself, what the standard library has, what Boost.Describe describes. A
// value without a JSON form is named instead, so that everything can be shown.

#pragma once

#include <hindsight/detail/event_access.hpp>
#include <hindsight/detail/json_kinds.hpp>
#include <hindsight/detail/json_scalars.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace hindsight::detail {

/// Deeper values are named only: pointers can form cycles, and parsers refuse deep texts (Boost.JSON's default is 32
/// levels, of which whatever surrounds the value needs some).
inline constexpr unsigned max_json_depth = 24;

template <class T>
void append_json_nested(std::string& out, const T& value, unsigned depth);

/// Text, bool, numbers, enumerations, optional and smart pointers (null or the value), ranges and tuples (arrays), maps
/// with text as keys (objects), variants, durations (their count), times (ISO 8601), described structs with their
/// public bases (objects), and what has `event_json()` or `EventTraits<T>::to_json`. Anything else is
/// `{"type":"T","size":N}`.
template <class T>
void append_json(std::string& out, const T& value) {
    append_json_nested(out, value, 0);
}

/// Writes what stands between the brackets of an array or object.
class JsonList {
public:
    JsonList(std::string& out, char open, char close) : out_(out), close_(close) { out_ += open; }
    JsonList(const JsonList&) = delete;
    JsonList& operator=(const JsonList&) = delete;

    std::string& next() {
        if (!first_) {
            out_ += ',';
        }
        first_ = false;
        return out_;
    }

    std::string& next(std::string_view name) {
        append_json_string(next(), name);
        out_ += ':';
        return out_;
    }

    void end() { out_ += close_; }

private:
    std::string& out_;
    char close_;
    bool first_ = true;
};

template <class T>
void append_json_enum(std::string& out, T value) {
    const char* name = nullptr;
    if constexpr (DescribedEnum<T>) {
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
            if (name == nullptr && value == enumerator.value) {
                name = enumerator.name;
            }
        });
    }
    if (name != nullptr) {
        append_json_string(out, name);
    } else {
        using Underlying = std::underlying_type_t<T>;
        using Wide = std::conditional_t<std::is_signed_v<Underlying>, std::int64_t, std::uint64_t>;
        append_json_number(out, static_cast<Wide>(value));
    }
}

template <DescribedStruct T>
void append_json_members(std::string& out, const T& value, unsigned depth) {
    // Boost.Describe cannot look through a base that is not described: the members of bases are left out then.
    constexpr unsigned inherited = is_described_with_bases<T>() ? unsigned{boost::describe::mod_inherited} : 0U;
    JsonList members(out, '{', '}');
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public | inherited>>(
        [&](auto member) { append_json_nested(members.next(member.name), value.*member.pointer, depth + 1); });
    members.end();
}

template <MapWithTextKeys T>
void append_json_map(std::string& out, const T& map, unsigned depth) {
    JsonList members(out, '{', '}');
    for (const auto& [key, mapped] : map) {
        append_json_nested(members.next(as_text(key)), mapped, depth + 1);
    }
    members.end();
}

template <Range T>
void append_json_range(std::string& out, const T& range, unsigned depth) {
    JsonList elements(out, '[', ']');
    for (const auto& element : range) {
        append_json_nested(elements.next(), element, depth + 1);
    }
    elements.end();
}

template <TupleLike T, std::size_t... Index>
void append_json_tuple(std::string& out, const T& tuple, unsigned depth, std::index_sequence<Index...> /*elements*/) {
    using std::get;
    JsonList elements(out, '[', ']');
    (append_json_nested(elements.next(), get<Index>(tuple), depth + 1), ...);
    elements.end();
}

template <std::integral Rep, class Period>
void append_json_calendar_time(std::string& out, std::chrono::sys_time<std::chrono::duration<Rep, Period>> time) {
    using std::chrono::seconds;
    const auto since_epoch = time.time_since_epoch();
    if constexpr (std::ratio_greater_v<Period, seconds::period>) {
        // Conversion to seconds could overflow, and years beyond these are not written as dates anyway.
        using Wide = std::chrono::duration<std::int64_t, Period>;
        constexpr std::chrono::sys_days earliest = std::chrono::year(-1) / 1 / 1;
        constexpr std::chrono::sys_days latest = std::chrono::year(10000) / 1 / 1;
        const Wide count = since_epoch;
        if (count < std::chrono::floor<Wide>(earliest.time_since_epoch()) ||
            count > std::chrono::floor<Wide>(latest.time_since_epoch())) {
            append_json_number(out, count.count());
            return;
        }
    }
    append_json_time(out, std::chrono::floor<seconds>(time), nanoseconds_of_second(since_epoch));
}

template <class T>
void append_json_wrapped(std::string& out, const T& wrapper, unsigned depth) {
    if constexpr (is_variant<T>) {
        if (!wrapper.valueless_by_exception()) {
            std::visit([&](const auto& value) { append_json_nested(out, value, depth); }, wrapper);
            return;
        }
    } else if (static_cast<bool>(wrapper)) {
        append_json_nested(out, *wrapper, depth);
        return;
    }
    out += "null";
}

template <class T>
void append_json_compound(std::string& out, const T& value, unsigned depth) {
    if (!Compound<T> || depth == max_json_depth) {
        append_json_opaque(out, qualified_type_name_v<T>, sizeof(T));
        return;
    }
    if constexpr (DescribedStruct<T>) {
        append_json_members(out, value, depth);
    } else if constexpr (MapWithTextKeys<T>) {
        append_json_map(out, value, depth);
    } else if constexpr (Range<T>) {
        append_json_range(out, value, depth);
    } else if constexpr (TupleLike<T>) {
        append_json_tuple(out, value, depth, std::make_index_sequence<std::tuple_size_v<T>>{});
    }
}

template <class T>
void append_json_nested(std::string& out, const T& value, unsigned depth) {
    static_assert(
        WritesOwnJson<T> || !DeclaresOwnJson<T>,
        "hindsight: event_json must be a const member function that returns text, as must EventTraits::to_json "
        "for (const E&)");
    if constexpr (WritesOwnJson<T>) {
        const std::string text = own_json(value);
        out += text.empty() ? "null" : text;
    } else if constexpr (std::is_same_v<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::is_null_pointer_v<T> || std::is_same_v<T, std::monostate>) {
        out += "null";
    } else if constexpr (std::is_same_v<T, char>) {
        append_json_string(out, std::string_view(&value, 1));
    } else if constexpr (std::is_integral_v<T> && sizeof(T) <= sizeof(std::int64_t)) {
        using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
        append_json_number(out, static_cast<Wide>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
        append_json_number(out, value);
    } else if constexpr (std::is_enum_v<T>) {
        append_json_enum(out, value);
    } else if constexpr (TextLike<T>) {
        if (is_null_text(value)) {
            out += "null";
        } else {
            append_json_string(out, as_text(value));
        }
    } else if constexpr (PathLike<T>) {
        append_json_string(out, value.string());
    } else if constexpr (is_duration<T>) {
        append_json_nested(out, value.count(), depth);
    } else if constexpr (is_calendar_time<T>) {
        append_json_calendar_time(out, value);
    } else if constexpr (is_time_point<T>) {
        append_json_nested(out, value.time_since_epoch(), depth);
    } else if constexpr (Wrapper<T> && !DescribedStruct<T>) {
        append_json_wrapped(out, value, depth);
    } else {
        append_json_compound(out, value, depth);
    }
}

}  // namespace hindsight::detail

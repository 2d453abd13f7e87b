// Reads C++ values from JSON: the reverse of json_text.hpp, through Boost.JSON's values. What a user says how to read
// comes first, and what is none of the kinds known here is left to boost::json::value_to.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/json_kinds.hpp>
#include <hindsight/detail/type_name.hpp>
#include <hindsight/error.hpp>

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace hindsight::detail {

/// Where in the data a value stands, for the message of a failure: a member of an object, or an element of an array.
struct JsonPlace {
    const JsonPlace* outer = nullptr;
    std::string_view member = {};
    std::size_t index = 0;
};

/// Throws ConversionFailed: "the place: why".
[[noreturn]] HINDSIGHT_API void refuse_json(const JsonPlace& place, std::string_view why);
/// The same for a value of another kind than `wanted`.
[[noreturn]] HINDSIGHT_API void refuse_json_kind(const JsonPlace& place, std::string_view wanted,
                                                 const boost::json::value& found);
/// Throws ConversionFailed that also names event and type. Within a handler of the exception that says why.
[[noreturn]] HINDSIGHT_API void refuse_json_event(std::string_view event, std::string_view type);

struct JsonTime {
    std::chrono::sys_seconds seconds;
    std::uint32_t nanoseconds;
};
/// "2026-01-31T09:30:00.000000001Z", the fraction with any number of digits up to nine, or none.
HINDSIGHT_API std::optional<JsonTime> parse_json_time(std::string_view text) noexcept;

template <class T>
concept ConvertedByUser = requires(const boost::json::value& value) {
    tag_invoke(boost::json::value_to_tag<T>(), value);
};

/// Text that can own what it is made of.
template <class T>
concept OwnedText = TextLike<T> && std::constructible_from<T, std::string_view> && !std::is_pointer_v<T> &&
                    !std::same_as<T, std::string_view>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_owning_pointer = false;
template <class T>
inline constexpr bool is_owning_pointer<std::unique_ptr<T>> = true;
template <class T>
inline constexpr bool is_owning_pointer<std::shared_ptr<T>> = true;

template <class T>
T read_json(const boost::json::value& value, const JsonPlace& place);

template <class T>
T read_json_by_boost(const boost::json::value& value, const JsonPlace& place) {
    try {
        return boost::json::value_to<T>(value);
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        refuse_json(place, error.what());
    }
}

template <class T>
T read_json_number(const boost::json::value& value, const JsonPlace& place) {
    if constexpr (std::is_floating_point_v<T>) {
        // As infinities and NaN are written.
        if (value.is_null()) return std::numeric_limits<T>::quiet_NaN();
    }
    if (!value.is_number()) refuse_json_kind(place, "a number", value);
    boost::json::error_code error;
    const T number = value.to_number<T>(error);
    if (error) refuse_json(place, "the number does not fit into " + std::string(qualified_type_name_v<T>));
    return number;
}

inline std::string_view read_json_text(const boost::json::value& value, const JsonPlace& place) {
    const boost::json::string* const text = value.if_string();
    if (text == nullptr) refuse_json_kind(place, "text", value);
    return {text->data(), text->size()};
}

template <class T>
T read_json_enum(const boost::json::value& value, const JsonPlace& place) {
    if constexpr (DescribedEnum<T>) {
        if (value.is_string()) {
            std::optional<T> found;
            const std::string_view text = read_json_text(value, place);
            boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
                if (!found && text == enumerator.name) found = enumerator.value;
            });
            if (!found) refuse_json(place, "no enumerator of this name");
            return *found;
        }
    }
    return static_cast<T>(read_json_number<std::underlying_type_t<T>>(value, place));
}

template <class T>
T read_json_calendar_time(const boost::json::value& value, const JsonPlace& place) {
    using Unit = typename T::duration;
    // As times beyond the calendar are written.
    if (value.is_number()) return T(Unit(read_json_number<typename Unit::rep>(value, place)));
    const std::optional<JsonTime> time = parse_json_time(read_json_text(value, place));
    if (!time) refuse_json(place, "no time of the form 2026-01-31T09:30:00Z");
    return std::chrono::time_point_cast<Unit>(time->seconds) +
           std::chrono::duration_cast<Unit>(std::chrono::nanoseconds(time->nanoseconds));
}

template <class T, std::size_t I = 0>
T read_json_variant(const boost::json::value& value, const JsonPlace& place) {
    if constexpr (I == std::variant_size_v<T>) {
        refuse_json(place, "none of the alternatives");
    } else {
        try {
            return T(std::in_place_index<I>, read_json<std::variant_alternative_t<I, T>>(value, place));
        } catch (const ConversionFailed&) {
            return read_json_variant<T, I + 1>(value, place);
        }
    }
}

template <DescribedStruct T>
T read_json_members(const boost::json::value& value, const JsonPlace& place) {
    static_assert(std::is_default_constructible_v<T>,
                  "hindsight: a type that is read from JSON by its members needs a default constructor");
    static_assert(is_described_with_bases<T>(), "hindsight: not all bases of this type are described");
    const boost::json::object* const object = value.if_object();
    if (object == nullptr) refuse_json_kind(place, "an object", value);
    T result{};
    std::size_t found = 0;
    using Members = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        using Member = std::remove_cvref_t<decltype(result.*member.pointer)>;
        const JsonPlace there{&place, member.name};
        if (const boost::json::value* const inner = object->if_contains(member.name)) {
            ++found;
            result.*member.pointer = read_json<Member>(*inner, there);
        } else if constexpr (!is_optional<Member>) {
            refuse_json(there, "missing");
        }
    });
    if (found != object->size()) {
        for (const auto& pair : *object) {
            bool known = false;
            boost::mp11::mp_for_each<Members>([&](auto member) { known = known || pair.key() == member.name; });
            if (!known) refuse_json(JsonPlace{&place, {pair.key().data(), pair.key().size()}}, "no member of the type");
        }
    }
    return result;
}

template <MapWithTextKeys T>
T read_json_map(const boost::json::value& value, const JsonPlace& place) {
    const boost::json::object* const object = value.if_object();
    if (object == nullptr) refuse_json_kind(place, "an object", value);
    T result;
    for (const auto& pair : *object) {
        const std::string_view key(pair.key().data(), pair.key().size());
        result.emplace(typename T::key_type(key),
                       read_json<typename T::mapped_type>(pair.value(), JsonPlace{&place, key}));
    }
    return result;
}

inline const boost::json::array& read_json_array(const boost::json::value& value, const JsonPlace& place) {
    const boost::json::array* const array = value.if_array();
    if (array == nullptr) refuse_json_kind(place, "an array", value);
    return *array;
}

template <class T>
T read_json_sequence(const boost::json::value& value, const JsonPlace& place) {
    T result;
    std::size_t index = 0;
    for (const boost::json::value& each : read_json_array(value, place)) {
        result.insert(result.end(), read_json<typename T::value_type>(each, JsonPlace{&place, {}, index}));
        ++index;
    }
    return result;
}

template <class T, std::size_t... Index>
T read_json_tuple(const boost::json::value& value, const JsonPlace& place, std::index_sequence<Index...> /*elements*/) {
    const boost::json::array& array = read_json_array(value, place);
    if (array.size() != sizeof...(Index)) {
        refuse_json(place,
                    std::to_string(sizeof...(Index)) + " elements were expected, not " + std::to_string(array.size()));
    }
    return T{read_json<std::tuple_element_t<Index, T>>(array[Index], JsonPlace{&place, {}, Index})...};
}

template <class T>
T read_json(const boost::json::value& value, const JsonPlace& place) {
    // What the user has said comes first, what Boost knows last. NOLINTNEXTLINE(bugprone-branch-clone)
    if constexpr (ConvertedByUser<T>) {
        return read_json_by_boost<T>(value, place);
    } else if constexpr (std::is_same_v<T, boost::json::value>) {
        return value;
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!value.is_bool()) refuse_json_kind(place, "true or false", value);
        return value.get_bool();
    } else if constexpr (std::is_same_v<T, char>) {
        const std::string_view text = read_json_text(value, place);
        if (text.size() != 1) refuse_json(place, "one character was expected");
        return text.front();
    } else if constexpr (std::is_null_pointer_v<T> || std::is_same_v<T, std::monostate>) {
        if (!value.is_null()) refuse_json_kind(place, "null", value);
        return T{};
    } else if constexpr (std::is_arithmetic_v<T>) {
        return read_json_number<T>(value, place);
    } else if constexpr (std::is_enum_v<T>) {
        return read_json_enum<T>(value, place);
    } else if constexpr (OwnedText<T>) {
        return T(read_json_text(value, place));
    } else if constexpr (PathLike<T>) {
        return T(std::string(read_json_text(value, place)));
    } else if constexpr (is_duration<T>) {
        return T(read_json<typename T::rep>(value, place));
    } else if constexpr (is_calendar_time<T>) {
        return read_json_calendar_time<T>(value, place);
    } else if constexpr (is_time_point<T>) {
        return T(read_json<typename T::duration>(value, place));
    } else if constexpr (is_optional<T>) {
        if (value.is_null()) return T();
        return T(read_json<typename T::value_type>(value, place));
    } else if constexpr (is_owning_pointer<T>) {
        if (value.is_null()) return T();
        return T(new typename T::element_type(read_json<typename T::element_type>(value, place)));
    } else if constexpr (is_variant<T>) {
        return read_json_variant<T>(value, place);
    } else if constexpr (DescribedStruct<T>) {
        return read_json_members<T>(value, place);
    } else if constexpr (MapWithTextKeys<T>) {
        return read_json_map<T>(value, place);
    } else if constexpr (TupleLike<T>) {
        return read_json_tuple<T>(value, place, std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (Range<T> && requires(T & range) { range.insert(range.end(), *range.begin()); }) {
        return read_json_sequence<T>(value, place);
    } else if constexpr (boost::json::has_value_to<T>::value) {
        return read_json_by_boost<T>(value, place);
    } else {
        static_assert(
            !std::same_as<T, T>,
            "hindsight: this type cannot be read from JSON: describe it with BOOST_DESCRIBE_STRUCT, or give it "
            "T tag_invoke(const boost::json::value_to_tag<T>&, const boost::json::value&)");
        refuse_json(place, "there is no conversion");
    }
}

/// The event that the data of a JsonEvent of this name stands for. Throws ConversionFailed, std::bad_alloc.
template <class E>
E event_from_json(std::string_view name, const boost::json::value& value) {
    try {
        return read_json<E>(value, JsonPlace{});
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        refuse_json_event(name, qualified_type_name_v<E>);
    }
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/json_conversion.ipp>
#endif

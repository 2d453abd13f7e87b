// What kinds of C++ types have a JSON form, recognised by what they can do rather than by including their headers.

#pragma once

#include <hindsight/detail/text_like.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace hindsight::detail {

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
constexpr bool is_described_with_bases() noexcept {
    if constexpr (boost::describe::has_describe_members<T>::value) {
        return []<class... Bases>(boost::mp11::mp_list<Bases...>) {
            return (is_described_with_bases<typename Bases::type>() && ...);
        }(boost::mp11::mp_rename<boost::describe::describe_bases<T, boost::describe::mod_any_access>,
                                 boost::mp11::mp_list>{});
    } else {
        return false;
    }
}

template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

/// `std::filesystem::path`, whose elements are paths in turn.
template <class T>
concept PathLike = requires(const T& path) {
    path.native();
    { path.string() } -> std::same_as<std::string>;
};

template <class T>
concept OptionalLike = requires(const T& optional) {
    optional.has_value();
    static_cast<bool>(optional);
    requires !std::is_void_v<decltype(*optional)>;
};

template <class T>
concept SmartPointer = requires(const T& pointer) {
    pointer.get();
    static_cast<bool>(pointer);
    requires !std::is_void_v<decltype(*pointer)>;
    requires sizeof(typename T::element_type) > 0;  // not of a type that is only declared
};

template <class T>
inline constexpr bool is_variant = false;
template <class... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

/// What holds one value or none.
template <class T>
concept Wrapper = OptionalLike<T> || SmartPointer<T> || is_variant<T>;

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_time_point = false;
template <class Clock, class Duration>
inline constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;

/// A point in time that a calendar can show. Floating-point ones can lie beyond all calendars.
template <class T>
inline constexpr bool is_calendar_time = false;
template <std::integral Rep, class Period>
inline constexpr bool is_calendar_time<std::chrono::sys_time<std::chrono::duration<Rep, Period>>> = true;

/// A range of something other than itself.
template <class T>
concept Range = requires(const T& range) {
    std::end(range);
    requires !std::same_as<std::remove_cvref_t<decltype(*std::begin(range))>, T>;
};

template <class T>
concept MapWithTextKeys = Range<T> && requires {
    typename T::mapped_type;
    requires TextLike<typename T::key_type>;
};

template <class T>
concept TupleLike = requires {
    std::tuple_size<T>::value;
};

/// What is written as an array or an object.
template <class T>
concept Compound = DescribedStruct<T> || Range<T> || TupleLike<T>;

}  // namespace hindsight::detail

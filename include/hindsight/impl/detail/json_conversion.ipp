#pragma once

#include <hindsight/detail/json_conversion.hpp>
#include <hindsight/detail/one_line.hpp>

#include <charconv>
#include <exception>
#include <string>

namespace hindsight::detail {

namespace json_conversion {

inline void append_place(std::string& out, const JsonPlace& place) {
    if (place.outer == nullptr) return;
    append_place(out, *place.outer);
    if (place.member.data() != nullptr) {
        out += '.';
        append_on_one_line(out, place.member);
    } else {
        out += '[' + std::to_string(place.index) + ']';
    }
}

}  // namespace json_conversion

HINDSIGHT_INLINE void refuse_json(const JsonPlace& place, std::string_view why) {
    std::string message;
    json_conversion::append_place(message, place);
    if (!message.empty()) message += ": ";
    throw ConversionFailed(message.append(why));
}

HINDSIGHT_INLINE void refuse_json_kind(const JsonPlace& place, std::string_view wanted,
                                       const boost::json::value& found) {
    std::string_view kind = "null";
    if (found.is_bool()) kind = found.get_bool() ? "true" : "false";
    if (found.is_number()) kind = "a number";
    if (found.is_string()) kind = "text";
    if (found.is_array()) kind = "an array";
    if (found.is_object()) kind = "an object";
    refuse_json(place, std::string(wanted).append(" was expected, not ").append(kind));
}

HINDSIGHT_INLINE void refuse_json_event(std::string_view event, std::string_view type) {
    std::string message = "the data of \"" + std::string(event) + "\" does not convert to " + std::string(type) + ": ";
    try {
        throw;
    } catch (const std::exception& why) {
        message += why.what();
    }
    throw ConversionFailed(message);
}

namespace json_conversion {

/// Takes `digits` digits off the front.
inline bool take_number(std::string_view& text, std::size_t digits, int& number) noexcept {
    if (text.size() < digits || text.find_first_not_of("0123456789") < digits) return false;
    std::from_chars(text.data(), text.data() + digits, number);
    text.remove_prefix(digits);
    return true;
}

inline bool take(std::string_view& text, char character) noexcept {
    if (!text.starts_with(character)) return false;
    text.remove_prefix(1);
    return true;
}

inline bool take_fraction(std::string_view& text, std::uint32_t& nanoseconds) noexcept {
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits > 9) return false;
    std::from_chars(text.data(), text.data() + digits, nanoseconds);
    for (std::size_t i = digits; i < 9; ++i) nanoseconds *= 10;
    text.remove_prefix(digits);
    return true;
}

}  // namespace json_conversion

HINDSIGHT_INLINE std::optional<JsonTime> parse_json_time(std::string_view text) noexcept {
    using namespace json_conversion;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool whole = take_number(text, 4, year) && take(text, '-') && take_number(text, 2, month) &&
                       take(text, '-') && take_number(text, 2, day) && take(text, 'T') && take_number(text, 2, hour) &&
                       take(text, ':') && take_number(text, 2, minute) && take(text, ':') &&
                       take_number(text, 2, second);
    std::uint32_t nanoseconds = 0;
    if (!whole || (take(text, '.') && !take_fraction(text, nanoseconds)) || text != "Z") return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const std::chrono::seconds of_day =
        std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    return JsonTime{std::chrono::sys_days(date) + of_day, nanoseconds};
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/json_scalars.hpp>
#include <hindsight/detail/json_text.hpp>
#include <hindsight/detail/one_line.hpp>
#include <hindsight/impl/detail/json_parser.hpp>
#include <hindsight/json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/system_error.hpp>

#include <charconv>
#include <exception>
#include <string>

namespace hindsight::detail {

HINDSIGHT_INLINE std::size_t bytes_of(const boost::json::value& value) {
    switch (value.kind()) {
    case boost::json::kind::string:
        return value.get_string().capacity();
    case boost::json::kind::array: {
        const boost::json::array& array = value.get_array();
        std::size_t bytes = array.capacity() * sizeof(boost::json::value);
        for (const boost::json::value& each : array) bytes += bytes_of(each);
        return bytes;
    }
    case boost::json::kind::object: {
        const boost::json::object& object = value.get_object();
        std::size_t bytes = object.capacity() * sizeof(boost::json::key_value_pair);
        for (const auto& pair : object) bytes += pair.key().size() + 1 + bytes_of(pair.value());
        return bytes;
    }
    default:
        return 0;
    }
}

HINDSIGHT_INLINE void append_json_value(std::string& out, const boost::json::value& value) {
    const auto as_view = [](const auto& text) { return std::string_view(text.data(), text.size()); };
    switch (value.kind()) {
    case boost::json::kind::null:
        out += "null";
        break;
    case boost::json::kind::bool_:
        out += value.get_bool() ? "true" : "false";
        break;
    case boost::json::kind::int64:
        append_json_number(out, value.get_int64());
        break;
    case boost::json::kind::uint64:
        append_json_number(out, value.get_uint64());
        break;
    case boost::json::kind::double_:
        append_json_number(out, value.get_double());
        break;
    case boost::json::kind::string:
        append_json_string(out, as_view(value.get_string()));
        break;
    case boost::json::kind::array: {
        JsonList elements(out, '[', ']');
        for (const boost::json::value& each : value.get_array()) append_json_value(elements.next(), each);
        elements.end();
        break;
    }
    case boost::json::kind::object: {
        JsonList members(out, '{', '}');
        for (const auto& pair : value.get_object()) append_json_value(members.next(as_view(pair.key())), pair.value());
        members.end();
        break;
    }
    }
}

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
    const std::chrono::seconds of_day = std::chrono::hours(hour) + std::chrono::minutes(minute) +
                                        std::chrono::seconds(second);
    return JsonTime{std::chrono::sys_days(date) + of_day, nanoseconds};
}

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE boost::json::value json_value(const Record& record) {
    if (!record || record.truncated()) return nullptr;
    if (const auto* event = record.get_if<JsonEvent>()) return event->value;
    std::string text;
    const detail::Envelope& envelope = *record.envelope();
    envelope.type->append_json(envelope.payload(), text);
    boost::json::value value;
    const std::string refusal = detail::parse_json(text, value);
    if (!refusal.empty()) {
        throw boost::system::system_error(boost::json::make_error_code(boost::json::error::syntax),
                                          "the JSON of \"" + std::string(record.name()) + "\": " + refusal);
    }
    return value;
}

}  // namespace hindsight

#pragma once

#include <hindsight/detail/json_scalars.hpp>
#include <hindsight/detail/json_text.hpp>
#include <hindsight/impl/detail/json_parser.hpp>
#include <hindsight/json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/system_error.hpp>

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

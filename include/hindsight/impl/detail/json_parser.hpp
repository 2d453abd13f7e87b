// Parses JSON text to Boost.JSON's values. Its own parser, as of Boost 1.81, misses the nearest double now and then,
// and takes -0 for an integer; numbers that are written and read back have to be the same.
#pragma once

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace hindsight::detail {

/// What basic_parser calls for each part of the text.
class JsonValueBuilder {
public:
    using View = boost::json::string_view;
    using Error = boost::json::error_code;
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    bool on_document_begin(Error& /*error*/) {
        stack_.reset();
        members_ = 0;
        return true;
    }
    bool on_document_end(Error& /*error*/) { return true; }
    bool on_object_begin(Error& /*error*/) { return true; }
    bool on_object_end(std::size_t size, Error& /*error*/) {
        members_ += size;
        stack_.push_object(size);
        return true;
    }
    bool on_array_begin(Error& /*error*/) { return true; }
    bool on_array_end(std::size_t size, Error& /*error*/) {
        stack_.push_array(size);
        return true;
    }
    bool on_key_part(View text, std::size_t /*size*/, Error& /*error*/) {
        stack_.push_chars(text);
        return true;
    }
    bool on_key(View text, std::size_t /*size*/, Error& /*error*/) {
        stack_.push_key(text);
        return true;
    }
    bool on_string_part(View text, std::size_t /*size*/, Error& /*error*/) {
        stack_.push_chars(text);
        return true;
    }
    bool on_string(View text, std::size_t /*size*/, Error& /*error*/) {
        stack_.push_string(text);
        return true;
    }
    bool on_number_part(View text, Error& /*error*/) {
        add_to_number(text);
        return true;
    }
    bool on_int64(std::int64_t number, View text, Error& /*error*/) {
        if (finish_number(text).front() == '-' && number == 0) {
            stack_.push_double(-0.0);
        } else {
            stack_.push_int64(number);
        }
        return true;
    }
    bool on_uint64(std::uint64_t number, View text, Error& /*error*/) {
        finish_number(text);
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double nearly, View text, Error& /*error*/) {
        const std::string& whole = finish_number(text);
        double number = nearly;
        // Out of range it leaves the number as it is: zero or infinite.
        std::from_chars(whole.data(), whole.data() + whole.size(), number);
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool value, Error& /*error*/) {
        stack_.push_bool(value);
        return true;
    }
    bool on_null(Error& /*error*/) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(View /*text*/, Error& /*error*/) { return true; }
    bool on_comment(View /*text*/, Error& /*error*/) { return true; }

    boost::json::value release() { return stack_.release(); }
    /// Of all objects, as they were written; a value has fewer where a name occurs twice in an object.
    std::size_t members() const noexcept { return members_; }

private:
    void add_to_number(View text) {
        if (number_is_finished_) number_.clear();
        number_is_finished_ = false;
        number_.append(text.data(), text.size());
    }
    const std::string& finish_number(View text) {
        add_to_number(text);
        number_is_finished_ = true;
        return number_;
    }

    boost::json::value_stack stack_;
    std::string number_;
    bool number_is_finished_ = false;
    std::size_t members_ = 0;
};

inline std::size_t count_members(const boost::json::value& value) {
    std::size_t count = 0;
    if (const auto* object = value.if_object()) {
        count = object->size();
        for (const auto& pair : *object) count += count_members(pair.value());
    } else if (const auto* array = value.if_array()) {
        for (const auto& each : *array) count += count_members(each);
    }
    return count;
}

/// Nesting beyond this is refused, so that nobody's recursion runs out of stack.
inline constexpr std::size_t max_parse_depth = 256;

/// Empty reason: it is JSON, all of it, in `value`.
inline std::string parse_json(std::string_view text, boost::json::value& value) {
    boost::json::parse_options options;
    options.max_depth = max_parse_depth;
    boost::json::basic_parser<JsonValueBuilder> parser(options);
    boost::json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && used != text.size()) error = boost::json::error::extra_data;
    if (error) return "no valid JSON at byte " + std::to_string(used + 1) + ": " + error.message();
    value = parser.handler().release();
    if (count_members(value) != parser.handler().members()) return "a member of an object occurs twice";
    return {};
}

}  // namespace hindsight::detail

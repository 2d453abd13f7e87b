// JsonLine: one line of JSON as the record that it describes, or the reason why it describes none.
#pragma once

#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/json_parser.hpp>
#include <hindsight/impl/detail/restored_envelope.hpp>
#include <hindsight/json.hpp>
#include <hindsight/record.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::detail {

class JsonLine {
public:
    struct Refused {
        std::string reason;
    };

    /// Throws Refused for what is no JSON object. `last_seq`: of the record before.
    JsonLine(std::string_view text, Seq last_seq) : last_seq_(last_seq) {
        if (text.find_first_not_of(" \t\r") == std::string_view::npos) throw Refused{"an empty line"};
        const std::string reason = parse_json(text, value_);
        if (!reason.empty()) throw Refused{reason};
        if (!value_.is_object()) throw Refused{"no JSON object"};
    }

    /// `types`: those that are known, each by its name. Throws Refused.
    Record record(std::span<const Conversion> types) {
        refuse_unknown_members();
        const std::string_view name = required_text("name");
        require_name(name);
        if (find("category") != nullptr && required_text("category") != category_of(name)) {
            refuse("category", "is not the name's first segment");
        }
        const Conversion* typed = nullptr;
        for (const Conversion& each : types) {
            if (each.to->name == name) typed = &each;
        }
        RestoredEvent event{.type = typed != nullptr ? *typed->to : event_type<JsonEvent>()};
        if (typed == nullptr) event.texts.own_name = name;
        read_header(event);
        read_metadata();
        event.texts.metadata = metadata_;
        return Record(make(event, name, typed));
    }

private:
    static std::string_view view(const boost::json::string& text) noexcept { return {text.data(), text.size()}; }
    const boost::json::value* find(std::string_view member) const noexcept {
        return value_.get_object().if_contains({member.data(), member.size()});
    }
    const boost::json::value& require(std::string_view member) const {
        const boost::json::value* const found = find(member);
        if (found == nullptr) throw Refused{"\"" + std::string(member) + "\" is missing"};
        return *found;
    }
    [[noreturn]] static void refuse(std::string_view member, std::string_view why) {
        throw Refused{"\"" + std::string(member) + "\" " + std::string(why)};
    }

    std::string_view required_text(std::string_view member) const {
        const boost::json::string* const text = require(member).if_string();
        if (text == nullptr) refuse(member, "is no text");
        return view(*text);
    }
    std::string_view text_or_empty(std::string_view member) const {
        if (find(member) == nullptr) return {};
        const std::string_view text = required_text(member);
        if (text.size() > max_text_bytes) {
            refuse(member,
                   "has " + std::to_string(text.size()) + " bytes; " + std::to_string(max_text_bytes) + " are allowed");
        }
        return text;
    }
    std::uint64_t required_number(std::string_view member) const {
        boost::json::error_code error;
        const auto number = require(member).to_number<std::uint64_t>(error);
        if (error || require(member).is_double()) refuse(member, "is no whole number, or one below 0 or beyond 2^64");
        return number;
    }
    std::uint64_t number_or_zero(std::string_view member) const {
        return find(member) != nullptr ? required_number(member) : 0;
    }
    /// Written only where it is true.
    bool flag(std::string_view member) const {
        const boost::json::value* const found = find(member);
        if (found == nullptr) return false;
        if (!found->is_bool()) refuse(member, "is neither true nor false");
        return found->get_bool();
    }

    void refuse_unknown_members() const {
        constexpr std::string_view known[] = {
            "id",    "seq",   "time",        "name",     "category", "severity", "source",    "key",
            "scope", "cause", "correlation", "metadata", "replayed", "payload",  "truncated", "payload_bytes"};
        for (const auto& pair : value_.get_object()) {
            const std::string_view name(pair.key().data(), pair.key().size());
            if (std::ranges::find(known, name) == std::end(known)) {
                refuse(name.substr(0, 100), "is no member of a record");
            }
        }
    }

    void require_name(std::string_view name) const {
        try {
            require_valid_name(name);
        } catch (const InvalidName& error) {
            throw Refused{error.what()};
        }
    }

    void read_header(RestoredEvent& event) const {
        event.seq = required_number("seq");
        if (event.seq == 0) refuse("seq", "is 0");
        if (event.seq == last_seq_) refuse("seq", "is " + std::to_string(event.seq) + " once more");
        if (event.seq < last_seq_) {
            refuse("seq", "is " + std::to_string(event.seq) + ", after " + std::to_string(last_seq_));
        }
        event.origin = read_origin(event.seq);
        event.time = read_time();
        event.severity = read_severity();
        event.texts.source = text_or_empty("source");
        event.texts.key = text_or_empty("key");
        event.texts.correlation = text_or_empty("correlation");
        event.texts.scope = text_or_empty("scope");
        if (!event.texts.scope.empty()) require_name(event.texts.scope);
        event.cause = number_or_zero("cause");
        event.payload_bytes = number_or_zero("payload_bytes");
        if (flag("replayed")) event.flags |= Envelope::replayed;
        if (flag("truncated")) event.flags |= Envelope::truncated;
        if (find("payload") == nullptr && (event.flags & Envelope::truncated) == 0) refuse("payload", "is missing");
        if (find("payload") != nullptr && (event.flags & Envelope::truncated) != 0) {
            refuse("payload", "is there, though the record is truncated");
        }
    }

    std::uint64_t read_origin(Seq seq) const {
        const std::string_view id = required_text("id");
        const std::size_t hyphen = 16;
        std::uint64_t origin = 0;
        const bool fits = id.size() > hyphen && id[hyphen] == '-' && id.substr(hyphen + 1) == std::to_string(seq) &&
                          id.find_first_not_of("0123456789abcdef") == hyphen;
        if (!fits) refuse("id", "is not 16 hexadecimal digits, \"-\" and the seq");
        std::from_chars(id.data(), id.data() + hyphen, origin, 16);
        return origin;
    }

    TimePoint read_time() const {
        const std::optional<JsonTime> time = parse_json_time(required_text("time"));
        // One second of room, so that the sum cannot overflow.
        constexpr auto latest = std::chrono::floor<std::chrono::seconds>(TimePoint::max()) - std::chrono::seconds(1);
        constexpr auto earliest = std::chrono::ceil<std::chrono::seconds>(TimePoint::min());
        if (!time || time->seconds > latest || time->seconds < earliest) {
            refuse("time", "is no time of the form 2026-01-31T09:30:00.000000001Z from 1677 to 2262");
        }
        return TimePoint(time->seconds) + std::chrono::nanoseconds(time->nanoseconds);
    }

    Severity read_severity() const {
        const std::string_view text = required_text("severity");
        for (const Severity each : {Severity::trace, Severity::debug, Severity::info, Severity::warning,
                                    Severity::error, Severity::critical}) {
            if (text == to_string(each)) return each;
        }
        refuse("severity", "is no Severity");
    }

    /// An object, or an array of pairs where a name occurs twice.
    void read_metadata() {
        const boost::json::value* const found = find("metadata");
        if (found == nullptr) return;
        if (const boost::json::object* object = found->if_object()) {
            for (const auto& pair : *object) {
                add_metadata({pair.key().data(), pair.key().size()}, pair.value());
            }
        } else if (const boost::json::array* array = found->if_array()) {
            for (const boost::json::value& each : *array) {
                const boost::json::array* const pair = each.if_array();
                const bool is_pair = pair != nullptr && pair->size() == 2 && (*pair)[0].is_string();
                if (!is_pair) refuse("metadata", "has an element that is no pair of texts");
                add_metadata(view((*pair)[0].get_string()), (*pair)[1]);
            }
        } else {
            refuse("metadata", "is neither an object nor an array");
        }
        if (metadata_.size() > max_text_bytes) {
            refuse("metadata", "has more than " + std::to_string(max_text_bytes) + " entries");
        }
    }
    void add_metadata(std::string_view name, const boost::json::value& value) {
        const boost::json::string* const text = value.if_string();
        if (text == nullptr) refuse("metadata", "has a value that is no text");
        metadata_.emplace_back(name, view(*text));
    }

    EnvelopePtr make(const RestoredEvent& event, std::string_view name, const Conversion* typed) {
        const boost::json::value* const payload = find("payload");
        if (payload == nullptr) return make_restored(event, [](void*) {});
        JsonEvent json{std::string(name), *payload};
        try {
            return make_restored(event, [&](void* where) {
                if (typed != nullptr) {
                    typed->construct(where, &json);
                } else {
                    ::new (where) JsonEvent(std::move(json));
                }
            });
        } catch (const ConversionFailed& error) {
            throw Refused{error.what()};
        }
    }

    const Seq last_seq_;
    boost::json::value value_;
    std::vector<std::pair<std::string_view, std::string_view>> metadata_;  // views into the value
};

}  // namespace hindsight::detail

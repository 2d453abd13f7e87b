#pragma once

#include <hindsight/detail/json_text.hpp>
#include <hindsight/detail/one_line.hpp>
#include <hindsight/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

HINDSIGHT_INLINE void append_id(std::string& out, RecordId id) {
    out += '"';
    append_hex(out, id.origin, 16);
    out += '-';
    append_json_number(out, id.seq);
    out += '"';
}

HINDSIGHT_INLINE void append_metadata(std::string& out, const Record& record) {
    const auto entries = record.metadata();
    // Compared as they are written: replacing malformed UTF-8 can make different names equal.
    std::vector<std::string> names(entries.size());
    for (std::size_t i = 0; i != entries.size(); ++i) {
        append_json_string(names[i], entries[i].first);
    }
    std::vector<std::string_view> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    const bool distinct = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();

    JsonList list(out, distinct ? '{' : '[', distinct ? '}' : ']');
    for (std::size_t i = 0; i != entries.size(); ++i) {
        list.next() += distinct ? "" : "[";
        out += names[i];
        out += distinct ? ':' : ',';
        append_json_string(out, entries[i].second);
        out += distinct ? "" : "]";
    }
    list.end();
}

HINDSIGHT_INLINE void append_payload(std::string& out, const Record& record) {
    const Envelope& envelope = *record.envelope();
    envelope.type->append_json(envelope.payload(), out);
}

/// As it is if nobody can mistake its end or its characters, else as a JSON string.
HINDSIGHT_INLINE void append_word(std::string& out, std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    const std::size_t begin = out.size();
    append_on_one_line(out, quoted);
    const std::string_view written = std::string_view(out).substr(begin + 1, out.size() - begin - 2);
    if (written == text && text.find(' ') == std::string_view::npos) {
        out.erase(begin, 1);
        out.pop_back();
    }
}

HINDSIGHT_INLINE std::string to_line(const Record& record, bool as_message) {
    if (!record) return "(empty record)";
    std::string line = "#";
    append_json_number(line, record.seq());
    line += ' ';
    if (!as_message) {
        const std::size_t time_begin = line.size();
        append_json_time(line, record.time());
        line.erase(time_begin, 1);
        line.back() = ' ';
        line += to_string(record.severity());
        line += ' ';
    }
    line += record.name();
    if (!record.source().empty()) append_word(line += " source=", record.source());
    if (!record.key().empty() && record.key() != record.source()) append_word(line += " key=", record.key());
    if (!record.scope().empty()) (line += " scope=") += record.scope();
    if (record.cause() != 0) append_json_number(line += " cause=#", record.cause());
    if (record.truncated()) {
        append_json_number(line += " (payload of ", std::uint64_t{record.payload_bytes()});
        line += " bytes not kept)";
    } else {
        std::string payload;
        append_payload(payload, record);
        append_on_one_line(line += ' ', payload);
    }
    return line;
}

HINDSIGHT_INLINE std::string to_lines(const CauseTree& tree) {
    constexpr std::size_t deepest = 32;
    std::string lines;
    const auto next_line = [&]() -> std::string& { return lines.empty() ? lines : lines += '\n'; };
    tree.walk([&](const CauseTree::Entry& entry) {
        next_line().append(2 * std::min(entry.depth, deepest), ' ');
        if (entry.record) {
            lines += to_line(entry.record);
        } else {
            append_json_number(lines += '#', entry.seq);
            lines += " (not in history)";
        }
    });
    if (tree.entries.empty()) return lines;
    const Seq asked = tree.entries[tree.asked].seq;
    const auto later = std::ranges::upper_bound(tree.missing, asked);
    if (later != tree.missing.end()) {
        next_line() += "(not in history: ";
        for (auto each = later; each != tree.missing.end(); ++each) {
            append_json_number(lines += each == later ? "#" : ", #", *each);
        }
        lines += "; what they caused may belong here)";
    }
    if (tree.newer_not_kept != 0) {
        append_json_number(next_line() += '(', tree.newer_not_kept);
        append_json_number(lines += " of the events after #", asked);
        lines += " are not in history)";
    }
    return lines;
}

HINDSIGHT_INLINE void throw_bad_tree_format() {
    throw fmt::format_error("the format of a tree of causes is {}");
}

HINDSIGHT_INLINE void throw_bad_record_format() {
    throw fmt::format_error("a record's format is {}, {:m} or {:j}");
}

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE std::string to_json(const Record& record) {
    if (!record) return "null";
    std::string json;
    detail::JsonList members(json, '{', '}');
    const auto add_text = [&](std::string_view name, std::string_view text) {
        if (!text.empty()) detail::append_json_string(members.next(name), text);
    };
    const auto add_number = [&](std::string_view name, std::uint64_t number) {
        if (number != 0) detail::append_json_number(members.next(name), number);
    };
    detail::append_id(members.next("id"), record.id());
    detail::append_json_number(members.next("seq"), record.seq());
    detail::append_json_time(members.next("time"), record.time());
    detail::append_json_string(members.next("name"), record.name());
    detail::append_json_string(members.next("category"), record.category());
    detail::append_json_string(members.next("severity"), to_string(record.severity()));
    add_text("source", record.source());
    add_text("key", record.key());
    add_text("scope", record.scope());
    add_number("cause", record.cause());
    add_text("correlation", record.correlation());
    if (record.envelope()->metadata_count != 0) detail::append_metadata(members.next("metadata"), record);
    if (record.replayed()) members.next("replayed") += "true";
    add_number("payload_bytes", record.payload_bytes());
    if (record.truncated()) {
        members.next("truncated") += "true";
    } else {
        detail::append_payload(members.next("payload"), record);
    }
    members.end();

    std::string line;
    line.reserve(json.size());
    detail::append_on_one_line(line, json);
    return line;
}

}  // namespace hindsight

HINDSIGHT_INLINE auto fmt::formatter<hindsight::Severity>::format(hindsight::Severity severity,
                                                                  fmt::format_context& context) const
    -> fmt::format_context::iterator {
    const std::string_view name = hindsight::to_string(severity);
    return fmt::formatter<fmt::string_view>::format({name.data(), name.size()}, context);
}

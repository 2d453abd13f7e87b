// How records and statistics are shown: as JSON with to_json; records also through fmt: fmt::print("{}\n", record).
#pragma once

#include <hindsight/cause_tree.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/record.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/types.hpp>

// The part of fmt that declares formatters: base.h from version 11 on, where core.h is the whole of fmt.
#if __has_include(<fmt/base.h>)
#    include <fmt/base.h>
#else
#    include <fmt/core.h>
#endif

#include <string>

namespace hindsight {

/// The record as one JSON object on one line, without a line end; `null` for an empty record. Members, in this order:
///
/// - always `id` (text: the bus's random id in 16 hexadecimal digits, "-", the seq), `seq`, `time` (text: ISO 8601 in
///   UTC, to the nanosecond), `name`, `category`, `severity` (text);
/// - unless empty, zero or false: `source`, `key`, `scope`, `cause` (a seq), `correlation`, `metadata`, `replayed`,
///   `payload_bytes`;
/// - `payload`, or `"truncated":true` where history kept none.
///
/// `metadata` is an object, or an array of `[name, value]` where a name occurs twice, so that nothing is lost.
/// `payload` is what the event's own `event_json` or `EventTraits<E>::to_json` gives, which must be valid JSON; else
/// its members as Boost.Describe lists them; else `{"type":"ns::E","size":N}`. Malformed UTF-8 in texts becomes U+FFFD.
///
/// Thread-safe and takes no lock; the event's own conversion runs inside, and what it throws comes through, as does
/// std::bad_alloc. O(size of the result), and O(n log n) for n metadata entries.
HINDSIGHT_API std::string to_json(const Record& record);

/// Statistics as one JSON object on one line, without a line end. Members are named as those of the structs, but for
/// `subscriptions_by_pattern`, which the subscriptions themselves tell. Durations are in nanoseconds, times as in a
/// record; a bucket is `[at_most, count]`, `at_most` of the last one `null`. Times that were not measured, and errors
/// that there were none of, are left out. Malformed UTF-8 in texts becomes U+FFFD. Throws std::bad_alloc.
HINDSIGHT_API std::string to_json(const Statistics& statistics);
HINDSIGHT_API std::string to_json(const StoreStatistics& statistics);

namespace detail {

/// One line for people, as described at the formatter; without time and severity as a `message` for a log.
HINDSIGHT_API std::string to_line(const Record& record, bool as_message = false);

/// The lines of a tree, as described at the formatter.
HINDSIGHT_API std::string to_lines(const CauseTree& tree);

/// Throw fmt::format_error. No constant expressions, so that a bad constant format string does not compile.
[[noreturn]] HINDSIGHT_API void throw_bad_record_format();
[[noreturn]] HINDSIGHT_API void throw_bad_tree_format();

}  // namespace detail

}  // namespace hindsight

/// `{}` shows a record as one line for people:
///
///     #12 2026-11-20T08:21:37.123456789Z info task.completed source=workflow_1 key=t1 cause=#3 {"task_id":"t1"}
///
/// `source`, `scope` and `cause` only where there is one, `key` only where it is not the source, correlation and
/// metadata not at all; last the payload as JSON, or `(payload of 70000 bytes not kept)`. A text with spaces, quotes,
/// control characters or malformed UTF-8 is written as a JSON string: the line stays one line, and does not steer a
/// terminal. An empty record is `(empty record)`.
///
/// `{:m}` leaves out time and severity, for a log that has its own. `{:j}` shows what `to_json` returns. Any other
/// format is a compile error where fmt checks the format string then, else fmt::format_error. Throws what `to_json`
/// throws.
template <>
struct fmt::formatter<hindsight::Record> {
    constexpr auto parse(fmt::format_parse_context& context) -> fmt::format_parse_context::iterator {
        auto position = context.begin();
        if (position != context.end() && (*position == 'j' || *position == 'm')) form_ = *position++;
        if (position != context.end() && *position != '}') hindsight::detail::throw_bad_record_format();
        return position;
    }

    template <class Context>
    auto format(const hindsight::Record& record, Context& context) const -> decltype(context.out()) {
        const std::string text =
            form_ == 'j' ? hindsight::to_json(record) : hindsight::detail::to_line(record, form_ == 'm');
        // Not with fmt::format_to, which not every compiler can link without format.h.
        auto out = context.out();
        for (const char character : text) {
            *out++ = character;
        }
        return out;
    }

private:
    char form_ = 0;  // none given
};

/// Shown as its Record.
template <class E>
struct fmt::formatter<hindsight::TypedRecord<E>> : fmt::formatter<hindsight::Record> {};

/// `{}` shows a tree of causes as lines for people, without a line end after the last: each event as its record is
/// shown, two spaces further in than its cause (as far as 32 steps), or `#7 (not in history)`; then, where that is not
/// all:
///
///     (not in history: #9, #12; what they caused may belong here)
///     (3 of the events after #7 are not in history)
///
/// Any other format is refused as that of a record is. Throws what `to_json` throws.
template <>
struct fmt::formatter<hindsight::CauseTree> {
    constexpr auto parse(fmt::format_parse_context& context) -> fmt::format_parse_context::iterator {
        if (context.begin() != context.end() && *context.begin() != '}') hindsight::detail::throw_bad_tree_format();
        return context.begin();
    }

    template <class Context>
    auto format(const hindsight::CauseTree& tree, Context& context) const -> decltype(context.out()) {
        auto out = context.out();
        for (const char character : hindsight::detail::to_lines(tree)) {
            *out++ = character;
        }
        return out;
    }
};

/// Shown as its name, with the formats that texts have: `{:<8}`.
template <>
struct fmt::formatter<hindsight::Severity> : fmt::formatter<fmt::string_view> {
    HINDSIGHT_API auto format(hindsight::Severity severity, fmt::format_context& context) const
        -> fmt::format_context::iterator;
};

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/format.ipp>
#    include <hindsight/impl/format_statistics.ipp>
#endif

// Reads records back from the JSON lines that json_lines.hpp writes. Opt-in, like json.hpp: link hindsight::json, or
// header-only Boost::json.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/conversion.hpp>
#include <hindsight/event.hpp>
#include <hindsight/json.hpp>
#include <hindsight/record.hpp>

#include <array>
#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace hindsight {

struct JsonLinesOptions {
    /// A longer line is refused, and is never in memory as a whole.
    std::size_t max_line_bytes = 16 << 20;
    /// How many refused lines are described; all are counted.
    std::size_t max_refused = 1000;
};

/// A line that is no record.
struct RefusedLine {
    std::size_t line = 0;  ///< the first has the number 1
    std::string reason;
};

/// What was in the lines: each is either a record or refused.
struct JsonLines {
    std::vector<Record> records;       ///< in the order of the lines, which is that of their seqs
    std::vector<RefusedLine> refused;  ///< the first `JsonLinesOptions::max_refused` of them
    std::size_t refused_count = 0;     ///< all of them
};

namespace detail {

HINDSIGHT_API JsonLines read_json_lines(std::istream& in, std::span<const Conversion> types,
                                        const JsonLinesOptions& options);

}  // namespace detail

/// Reads to the end of the stream. A line whose name is that of one of these types,
/// `read_json_lines<OrderPlaced>(file)`, becomes a record that holds one (see accept_json for what converts), all
/// others records of a JsonEvent. They have what the lines say: seq, origin, time, severity, texts, cause, metadata.
/// Writing them gives the same lines, except that JSON of an event's own making, and numbers with more digits than a
/// double has, are written in the usual form.
///
/// A line is refused with its number and reason, and reading goes on, where it is too long, is no JSON object, lacks a
/// member, has one that is unknown, of the wrong kind or out of range, has a seq that is not larger than those before,
/// or a payload that does not convert. A text that ends in the middle of a line is such a line.
///
/// For queries put them into a new store: `store.restore(std::move(lines.records))`.
///
/// Throws InvalidArgument for a stream that cannot be read from the start, or a `max_line_bytes` of 0; std::bad_alloc,
/// and what the stream throws. O(size of the text); besides the records one line is in memory.
template <Event... E>
JsonLines read_json_lines(std::istream& in, const JsonLinesOptions& options = {}) {
    const std::array<detail::Conversion, sizeof...(E)> types{detail::conversion_from_json<E>()...};
    return detail::read_json_lines(in, types, options);
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/read_json_lines.ipp>
#endif

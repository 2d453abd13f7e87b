#pragma once

#include <hindsight/impl/detail/json_line.hpp>
#include <hindsight/read_json_lines.hpp>

#include <istream>
#include <streambuf>

namespace hindsight::detail {

namespace json_lines_reader {

enum class Line : std::uint8_t { whole, too_long, none };

/// The next line without its end. One that is too long is passed over.
inline Line next_line(std::streambuf& in, std::string& line, std::size_t max_bytes) {
    using Traits = std::char_traits<char>;
    line.clear();
    bool too_long = false;
    bool any = false;
    for (;;) {
        const Traits::int_type next = in.sbumpc();
        if (Traits::eq_int_type(next, Traits::eof())) {
            if (!any) return Line::none;
            break;
        }
        any = true;
        const char character = Traits::to_char_type(next);
        if (character == '\n') break;
        too_long = too_long || line.size() == max_bytes;
        if (!too_long) line += character;
    }
    return too_long ? Line::too_long : Line::whole;
}

}  // namespace json_lines_reader

HINDSIGHT_INLINE JsonLines read_json_lines(std::istream& in, std::span<const Conversion> types,
                                           const JsonLinesOptions& options) {
    using json_lines_reader::Line;
    if (options.max_line_bytes == 0) throw InvalidArgument("read_json_lines: max_line_bytes is 0");
    const std::istream::sentry readable(in, true);
    if (!readable && !in.eof()) throw InvalidArgument("read_json_lines: the stream cannot be read");

    JsonLines lines;
    const auto refuse = [&](std::size_t number, std::string reason) {
        ++lines.refused_count;
        if (lines.refused.size() < options.max_refused) lines.refused.push_back({number, std::move(reason)});
    };
    std::string text;
    Seq last_seq = 0;
    for (std::size_t number = 1; readable; ++number) {
        const Line line = json_lines_reader::next_line(*in.rdbuf(), text, options.max_line_bytes);
        if (line == Line::none) break;
        if (line == Line::too_long) {
            refuse(number, "longer than " + std::to_string(options.max_line_bytes) + " bytes");
            continue;
        }
        try {
            lines.records.push_back(JsonLine(text, last_seq).record(types));
            last_seq = lines.records.back().seq();
        } catch (const JsonLine::Refused& refused) {
            refuse(number, refused.reason);
        }
    }
    in.setstate(std::ios_base::eofbit);
    return lines;
}

}  // namespace hindsight::detail

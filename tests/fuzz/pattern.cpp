// Patterns against regular expressions: which texts are patterns, and which names they match. The input is a pattern, a
// line end, and a name.
#include "input.hpp"

#include <hindsight/error.hpp>
#include <hindsight/pattern.hpp>

#include <algorithm>
#include <optional>
#include <regex>

namespace {

using hindsight::Pattern;
using hindsight::test::require_same;

const std::string character = "[A-Za-z0-9_-]";
const std::string segment = character + "+";

bool fits(std::string_view text, const std::regex& expression) {
    return std::regex_match(text.begin(), text.end(), expression);
}

std::optional<Pattern> pattern_of(std::string_view text) {
    try {
        return Pattern(text);
    } catch (const hindsight::InvalidName&) {
        return std::nullopt;
    }
}

/// `*` is a segment, as the last one any number of them; the library's own names have to be asked for.
std::regex regex_of(std::string_view pattern) {
    std::string expression = pattern.front() == '*' ? "(?!hindsight(\\.|$))" : "";
    for (const char each : pattern) {
        if (each == '*') {
            expression += segment;
        } else if (each == '.') {
            expression += "\\.";
        } else {
            expression += each;
        }
    }
    if (pattern.back() == '*') expression += "(\\." + segment + ")*";
    return std::regex(expression);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Longer ones are too much for the recursion of std::regex.
    constexpr std::size_t longest = 300;
    static const std::regex any_name(segment + "(\\." + segment + ")*");
    static const std::regex any_pattern("(" + segment + "|\\*)(\\.(" + segment + "|\\*))*");

    const std::string_view input = hindsight::test::Input(data, size).all();
    const std::size_t line_end = std::min(input.find('\n'), input.size());
    const std::string_view text = input.substr(0, std::min(line_end, longest));
    const std::string_view name = input.substr(std::min(line_end + 1, input.size())).substr(0, longest);

    const bool is_name = name.size() <= 255 && fits(name, any_name);
    const std::optional<Pattern> pattern = pattern_of(text);
    require_same(pattern.has_value(), text.size() <= 255 && fits(text, any_pattern), "whether it is a pattern");
    if (!pattern) return 0;
    require_same(pattern->matches(name), is_name && fits(name, regex_of(text)), "whether it matches");
    require_same(pattern->exact(), text.find('*') == std::string_view::npos, "whether it is exact");
    return 0;
}

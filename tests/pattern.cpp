#include "support/catch.hpp"

#include <hindsight/error.hpp>
#include <hindsight/pattern.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using hindsight::Pattern;

namespace {

bool matches(std::string_view pattern, std::string_view name) {
    return Pattern(pattern).matches(name);
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> segments(1);
    for (const char character : text) {
        if (character == '.') {
            segments.emplace_back();
        } else {
            segments.back() += character;
        }
    }
    return segments;
}

/// The rules word for word, segment lists and recursion.
bool matches_from(const std::vector<std::string>& pattern, std::size_t in_pattern, const std::vector<std::string>& name,
                  std::size_t in_name) {
    if (in_pattern == pattern.size() || in_name == name.size()) {
        return in_pattern == pattern.size() && in_name == name.size();
    }
    if (pattern[in_pattern] != "*") {
        return pattern[in_pattern] == name[in_name] && matches_from(pattern, in_pattern + 1, name, in_name + 1);
    }
    if (matches_from(pattern, in_pattern + 1, name, in_name + 1)) {
        return true;
    }
    return in_pattern + 1 == pattern.size() && matches_from(pattern, in_pattern, name, in_name + 1);
}

bool reference_matches(std::string_view pattern, std::string_view name) {
    const auto pattern_segments = split(pattern);
    const auto name_segments = split(name);
    if (pattern_segments.front() == "*" && name_segments.front() == "hindsight") {
        return false;
    }
    return matches_from(pattern_segments, 0, name_segments, 0);
}

std::string random_text(std::mt19937& random, const std::vector<std::string>& segments) {
    std::string text;
    for (auto count = 1 + random() % 4; count != 0; --count) {
        text += (text.empty() ? "" : ".") + segments[random() % segments.size()];
    }
    return text;
}

TEST_CASE("a pattern without wildcards matches its own text only", "[pattern]") {
    const Pattern pattern = "task.completed";
    CHECK(pattern.exact());
    CHECK(pattern.text() == "task.completed");
    CHECK(pattern.matches("task.completed"));
    CHECK_FALSE(pattern.matches("task.complete"));
    CHECK_FALSE(pattern.matches("task.completed.now"));
    CHECK_FALSE(pattern.matches("task"));
    CHECK_FALSE(pattern.matches("Task.completed"));
    CHECK_FALSE(pattern.matches(""));
}

TEST_CASE("a wildcard stands for one segment", "[pattern]") {
    CHECK(matches("*.failed", "task.failed"));
    CHECK_FALSE(matches("*.failed", "task.step.failed"));
    CHECK_FALSE(matches("*.failed", "failed"));
    CHECK(matches("a.*.c", "a.b.c"));
    CHECK_FALSE(matches("a.*.c", "a.c"));
    CHECK_FALSE(matches("a.*.c", "a.b.b.c"));
    CHECK(matches("*.*.c", "a.b.c"));
    CHECK_FALSE(Pattern("*.failed").exact());
}

TEST_CASE("as the last segment it stands for one or more", "[pattern]") {
    CHECK(matches("task.*", "task.completed"));
    CHECK(matches("task.*", "task.step.done"));
    CHECK_FALSE(matches("task.*", "task"));
    CHECK_FALSE(matches("task.*", "tasks.completed"));
    CHECK(matches("*.*", "a.b.c"));
    CHECK_FALSE(matches("*.*", "a"));
    CHECK(matches("*", "a"));
    CHECK(matches("*", "a.b.c"));
}

TEST_CASE("library events must be asked for by their first segment", "[pattern]") {
    CHECK_FALSE(matches("*", "hindsight.handler_error"));
    CHECK_FALSE(matches("*", "hindsight"));
    CHECK_FALSE(matches("*.handler_error", "hindsight.handler_error"));
    CHECK_FALSE(matches("*.*", "hindsight.handler_error"));
    CHECK(matches("hindsight.*", "hindsight.handler_error"));
    CHECK(matches("hindsight.handler_error", "hindsight.handler_error"));
    CHECK(matches("*", "hindsights.x"));
    CHECK(matches("*", "my.hindsight"));
}

TEST_CASE("text that is no name matches nothing", "[pattern]") {
    const std::string_view garbage = GENERATE(values<std::string_view>(
        {"", ".", "..", "a..b", ".a.b", "a.b.", "a. ", "a.*", "*", "a.b c", "a.\xff", std::string_view("a.\0", 3)}));
    const std::string_view pattern = GENERATE(values<std::string_view>({"*", "a.*", "*.*", "*.b", "a.b", "a.*.b"}));
    CAPTURE(garbage, pattern);
    CHECK_FALSE(matches(pattern, garbage));
    CHECK_FALSE(matches(pattern, std::string(256, 'a')));
}

TEST_CASE("bad patterns are refused with text, column and reason", "[pattern]") {
    CHECK_THROWS_AS(Pattern(""), hindsight::InvalidName);
    CHECK_THROWS_WITH(Pattern("task.*d"), "invalid pattern \"task.*d\": '*' must be a whole segment at column 5");
    CHECK_THROWS_WITH(Pattern("task..x"), "invalid pattern \"task..x\": empty segment at column 5");
    CHECK_THROWS_AS(Pattern(std::string(256, 'a')), hindsight::InvalidName);
    CHECK_NOTHROW(Pattern(std::string(255, 'a')));
}

TEST_CASE("patterns are made from any text, and in lists", "[pattern]") {
    struct Rule {
        Pattern pattern;
        int value;
    };
    const std::vector<Rule> rules = {{"agent.heartbeat", 1}, {std::string("debug.*"), 2}, {std::string_view("*"), 3}};
    CHECK(rules[1].pattern == Pattern("debug.*"));
    CHECK(rules[1].pattern != rules[2].pattern);

    STATIC_REQUIRE(std::is_convertible_v<const char*, Pattern>);
    STATIC_REQUIRE(std::is_convertible_v<std::string_view, Pattern>);
    STATIC_REQUIRE(std::is_convertible_v<std::string, Pattern>);
    STATIC_REQUIRE_FALSE(std::is_convertible_v<int, Pattern>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Pattern>);
    STATIC_REQUIRE(noexcept(std::declval<const Pattern&>().matches("")));
}

TEST_CASE("random patterns agree with a naive reference", "[pattern]") {
    const auto seed = hindsight::test::random_seed();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> words = {"a", "b", "ab", "hindsight"};
    std::vector<std::string> words_and_wildcards = words;
    words_and_wildcards.insert(words_and_wildcards.end(), 3, "*");

    std::size_t matched = 0;
    constexpr std::size_t rounds = 20'000;
    for (std::size_t round = 0; round != rounds; ++round) {
        const std::string pattern = random_text(random, words_and_wildcards);
        const std::string name = random_text(random, words);
        const bool expected = reference_matches(pattern, name);
        matched += expected ? 1 : 0;
        if (matches(pattern, name) != expected) {
            FAIL("pattern " << pattern << ", name " << name << ", expected " << expected);
        }
    }
    CHECK(matched > rounds / 100);
    CHECK(matched < rounds - rounds / 100);
}

}  // namespace

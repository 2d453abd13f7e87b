#include "support/catch.hpp"

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>

#include <string>
#include <string_view>

namespace detail = hindsight::detail;

namespace {

std::string message_of(std::string_view name) {
    try {
        detail::require_valid_name(name);
    } catch (const hindsight::InvalidName& error) {
        return error.what();
    }
    return "";
}

TEST_CASE("valid names", "[name_rules]") {
    STATIC_REQUIRE(detail::is_valid_name("tick"));
    STATIC_REQUIRE(detail::is_valid_name("task.completed"));
    STATIC_REQUIRE(detail::is_valid_name("A-1._.x_2.0"));
    CHECK(detail::is_valid_name(std::string(255, 'a')));
    CHECK_NOTHROW(detail::require_valid_name("task.completed"));
}

TEST_CASE("the first fault of a name has a column and a reason", "[name_rules]") {
    STATIC_REQUIRE_FALSE(detail::is_valid_name("a b"));
    STATIC_REQUIRE(detail::first_name_fault("a b").column == 1);

    struct Case {
        std::string_view name;
        std::size_t column;
        std::string_view reason;
    };
    const Case bad = GENERATE(values<Case>({
        {"", 0, "empty"},
        {".", 0, "empty segment"},
        {".a", 0, "empty segment"},
        {"a..b", 2, "empty segment"},
        {"a.", 2, "empty segment"},
        {"task completed", 4, "only letters"},
        {"task.comp/leted", 9, "only letters"},
        {"a.*", 2, "'*' is for patterns only"},
        {"*", 0, "'*' is for patterns only"},
        {"caf\xc3\xa9", 3, "only letters"},
        {std::string_view("a\0b", 3), 1, "only letters"},
    }));
    CAPTURE(bad.name);
    const detail::NameFault fault = detail::first_name_fault(bad.name);
    CHECK(fault);
    CHECK(fault.column == bad.column);
    CHECK(fault.reason.starts_with(bad.reason));
}

TEST_CASE("a name has 255 bytes at most", "[name_rules]") {
    CHECK(detail::first_name_fault(std::string(256, 'a')).column == 255);
    CHECK(message_of(std::string(256, 'a')).ends_with("...\": longer than 255 bytes at column 255"));

    const std::string trailing_dot = std::string(254, 'a') + '.';
    CHECK(detail::first_name_fault(trailing_dot).column == 255);
    CHECK(detail::first_name_fault(trailing_dot).reason == "empty segment");
    CHECK(detail::first_name_fault(std::string(255, 'a') + '.').reason == "longer than 255 bytes");
    CHECK(detail::first_name_fault(std::string(255, 'a') + " ").reason == "longer than 255 bytes");
    CHECK(detail::first_name_fault("a b" + std::string(1000, 'c')).column == 1);
}

TEST_CASE("patterns may have whole segments of wildcards", "[name_rules]") {
    STATIC_REQUIRE(detail::is_valid_pattern("*"));
    STATIC_REQUIRE(detail::is_valid_pattern("*.a.*.*"));
    STATIC_REQUIRE(detail::is_valid_pattern("task.completed"));
    CHECK(detail::first_pattern_fault("task.comp*").column == 9);
    CHECK(detail::first_pattern_fault("**").column == 0);
    CHECK(detail::first_pattern_fault("*a").reason == "'*' must be a whole segment");
    CHECK(detail::first_pattern_fault("a.*.").column == 4);
    CHECK_THROWS_AS(detail::require_valid_pattern("a.?"), hindsight::InvalidName);
}

TEST_CASE("the message shows the text, the column and the reason", "[name_rules]") {
    CHECK(message_of("a..b") == "invalid event name \"a..b\": empty segment at column 2");
    CHECK(message_of("a\n\x7f\xff") ==
          "invalid event name \"a\\x0a\\x7f\\xff\": only letters, digits, '_', '-' and '.' are allowed at column 1");
    CHECK_THROWS_WITH(detail::require_valid_pattern("a*"),
                      "invalid pattern \"a*\": '*' must be a whole segment at column 1");
    CHECK(message_of(std::string(100'000, ' ')).size() < 400);
}

TEST_CASE("the category is the first segment", "[name_rules]") {
    STATIC_REQUIRE(detail::category_of("task.completed") == "task");
    STATIC_REQUIRE(detail::category_of("task.step.done") == "task");
    STATIC_REQUIRE(detail::category_of("tick") == "tick");
    STATIC_REQUIRE(detail::category_of("").empty());
}

TEST_CASE("a category is one segment", "[name_rules]") {
    CHECK_NOTHROW(detail::require_valid_category("task"));
    CHECK_THROWS_WITH(detail::require_valid_category("task.completed"),
                      "invalid category \"task.completed\": a category is a name's first segment at column 4");
    for (const char* text : {"", "*", ".", "a b"}) {
        CHECK_THROWS_AS(detail::require_valid_category(text), hindsight::InvalidName);
    }
}

TEST_CASE("the library's own names", "[name_rules]") {
    STATIC_REQUIRE(detail::is_library_name("hindsight.handler_error"));
    STATIC_REQUIRE(detail::is_library_name("hindsight"));
    STATIC_REQUIRE_FALSE(detail::is_library_name("hindsights.x"));
    STATIC_REQUIRE_FALSE(detail::is_library_name("my.hindsight"));
}

TEST_CASE("two patterns overlap where a name may match both", "[name_rules]") {
    const auto overlap = [](const char* left, const char* right) {
        CHECK(detail::patterns_overlap(left, right) == detail::patterns_overlap(right, left));
        return detail::patterns_overlap(left, right);
    };
    CHECK(overlap("a.b", "a.b"));
    CHECK_FALSE(overlap("a.b", "a.c"));
    CHECK_FALSE(overlap("a.b", "a.b.c"));
    CHECK(overlap("a.*", "a.b.c"));
    CHECK_FALSE(overlap("a.*", "a"));
    CHECK(overlap("a.*", "*.c"));
    CHECK_FALSE(overlap("*.b.c", "a.b"));
    CHECK(overlap("*.b.*", "a.*.c"));
    CHECK_FALSE(overlap("*.b.x", "a.*.c"));
    CHECK(overlap("*", "a.b"));
    CHECK(overlap("*", "*.b.c"));
    CHECK_FALSE(overlap("*", "hindsight.*"));
    CHECK_FALSE(overlap("*.handler_error", "hindsight.handler_error"));
    CHECK(overlap("hindsight.*", "hindsight.handler_error"));
}

}  // namespace

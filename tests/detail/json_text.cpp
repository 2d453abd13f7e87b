#include "support/catch.hpp"

#include <hindsight/detail/json_text.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace detail = hindsight::detail;

namespace json_text_test {

BOOST_DEFINE_ENUM_CLASS(Color, red, green)

enum class Level : std::int8_t { low = -3, high = 3 };
enum Letter : char { letter_a = 'a' };

struct Undescribed {
    std::int32_t number = 0;
};

struct Point {
    int x = 0;
    int y = 0;
};
BOOST_DESCRIBE_STRUCT(Point, (), (x, y))

struct Base {
    std::string id;
    int hidden = 1;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id, hidden))

class Derived : public Base {
public:
    std::optional<Point> place;
    int hidden = 2;
    static constexpr int shared = 3;

private:
    [[maybe_unused]] int secret_ = 4;
    BOOST_DESCRIBE_CLASS(Derived, (Base), (place, hidden), (), (secret_))
};

struct PrivatelyDerived : private Base {
    int own = 5;
    BOOST_DESCRIBE_CLASS(PrivatelyDerived, (Base), (own), (), ())
};

struct OfUndescribedBase : Undescribed {
    int own = 6;
};
BOOST_DESCRIBE_STRUCT(OfUndescribedBase, (Undescribed), (own))

struct Everything {
    std::vector<Point> points;
    std::map<std::string, Color> colors;
    Undescribed undescribed;
};
BOOST_DESCRIBE_STRUCT(Everything, (), (points, colors, undescribed))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

struct Node {
    std::shared_ptr<Node> next;
};
BOOST_DESCRIBE_STRUCT(Node, (), (next))

struct OwnJson {
    std::string event_json() const { return R"({"own":true})"; }
};

struct NoJson {
    std::string_view event_json() const { return ""; }
};

struct Foreign {
    int number = 0;
};

struct OnlyDeclared;

template <class T>
struct SelfRange {
    const SelfRange* begin() const { return this; }
    const SelfRange* end() const { return this; }
};

}  // namespace json_text_test

template <>
struct hindsight::EventTraits<json_text_test::Foreign> {
    static std::string to_json(const json_text_test::Foreign& value) { return std::to_string(value.number); }
};

using namespace json_text_test;

namespace {

template <class T>
std::string json(const T& value) {
    std::string text;
    detail::append_json(text, value);
    return text;
}

/// The characters of well-formed UTF-8; nothing if it is not. Decodes first and judges the number afterwards, unlike
/// the code under test.
std::optional<std::u32string> decode(std::string_view text) {
    std::u32string characters;
    for (std::size_t position = 0; position != text.size();) {
        const auto lead = static_cast<unsigned char>(text[position]);
        const std::size_t size = lead < 0x80   ? 1
                                 : lead < 0xc0 ? 0
                                 : lead < 0xe0 ? 2
                                 : lead < 0xf0 ? 3
                                 : lead < 0xf8 ? 4
                                               : 0;
        if (size == 0 || text.size() - position < size) return std::nullopt;
        char32_t character = size == 1 ? lead : lead & (0x7fU >> size);
        for (std::size_t index = 1; index != size; ++index) {
            const auto byte = static_cast<unsigned char>(text[position + index]);
            if ((byte & 0xc0U) != 0x80) return std::nullopt;
            character = character << 6U | (byte & 0x3fU);
        }
        const char32_t least = size == 1 ? 0 : size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
        if (character < least || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
            return std::nullopt;
        characters += character;
        position += size;
    }
    return characters;
}

TEST_CASE("strings are quoted and escaped", "[json_text]") {
    CHECK(json(std::string("plain")) == R"("plain")");
    CHECK(json("") == R"("")");
    CHECK(json("say \"hi\" \\ /") == R"("say \"hi\" \\ /")");
    CHECK(json("\b\f\n\r\t") == R"("\b\f\n\r\t")");
    CHECK(json(std::string_view("\0\x01\x1f\x7f", 4)) == R"("\u0000\u0001\u001f\u007f")");
    CHECK(json("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

TEST_CASE("malformed UTF-8 is replaced, one U+FFFD for each broken part", "[json_text]") {
    const auto replaced = [](std::string_view text) {
        std::string result = json(text);
        for (std::size_t at = result.find("\xef\xbf\xbd"); at != std::string::npos; at = result.find("\xef\xbf\xbd")) {
            result.replace(at, 3, "?");
        }
        return result.substr(1, result.size() - 2);
    };
    CHECK(replaced("a\x80z") == "a?z");
    CHECK(replaced("\xff") == "?");
    CHECK(replaced("\xc0\xaf") == "??");            // overlong '/'
    CHECK(replaced("\xc1\xbf") == "??");            // overlong
    CHECK(replaced("\xe0\x9f\xbf") == "???");       // overlong
    CHECK(replaced("\xf0\x8f\xbf\xbf") == "????");  // overlong
    CHECK(replaced("\xed\xa0\x80") == "???");       // surrogate
    CHECK(replaced("\xf4\x90\x80\x80") == "????");  // beyond U+10FFFF
    CHECK(replaced("\xf5\x80") == "??");
    CHECK(replaced("\xe2\x82") == "?");  // cut off
    CHECK(replaced("\xe2\x82z") == "?z");
    CHECK(replaced("\xf0\x9f\x98") == "?");
    CHECK(replaced("\xf0\x9f\x98\xc3\xa9") == "?\xc3\xa9");
    CHECK(replaced("\xc3\"") == "?\\\"");
    CHECK(json("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf") == "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"");
}

TEST_CASE("random bytes become valid UTF-8, and valid UTF-8 stays as it is", "[json_text]") {
    const auto seed = hindsight::test::random_seed();
    CAPTURE(seed);
    std::mt19937 random(seed);
    constexpr std::string_view frequent = "\x80\x8f\x90\x9f\xa0\xbf\xc2\xe0\xe2\xed\xef\xf0\xf4";
    std::size_t unchanged = 0;
    for (int round = 0; round != 20'000; ++round) {
        std::string text;
        for (auto size = random() % 6; size != 0; --size) {
            text +=
                random() % 4 == 0 ? static_cast<char>(0x20 + random() % 0x5f) : frequent[random() % frequent.size()];
        }
        const std::string result = json(text);
        if (!decode(result)) FAIL("invalid UTF-8 in " << result);
        const bool valid = decode(text).has_value();
        if (valid && text.find_first_of("\"\\") == std::string::npos) {
            ++unchanged;
            if (result != '"' + text + '"') FAIL("changed: " << result);
        } else if (!valid && result.find("\xef\xbf\xbd") == std::string::npos) {
            FAIL("not replaced: " << result);
        }
    }
    CHECK(unchanged > 100);
}

TEST_CASE("everything that reads as text is a string", "[json_text]") {
    const char* const pointer = "pointer";
    const char* const null = nullptr;
    const char filled[3] = {'a', 'b', 'c'};
    const char padded[8] = "ab";
    CHECK(json(pointer) == R"("pointer")");
    CHECK(json(null) == "null");
    CHECK(json(filled) == R"("abc")");
    CHECK(json(padded) == R"("ab")");
    CHECK(json('x') == R"("x")");
    CHECK(json(std::filesystem::path("/tmp/a \"b\"")) == R"("/tmp/a \"b\"")");
}

TEST_CASE("numbers", "[json_text]") {
    CHECK(json(true) == "true");
    CHECK(json(false) == "false");
    CHECK(json(-1) == "-1");
    CHECK(json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(json(std::int8_t{65}) == "65");
    CHECK(json(std::uint8_t{200}) == "200");
    CHECK(json(std::byte{7}) == "7");
    CHECK(json(0.1) == "0.1");
    CHECK(json(0.1F) == "0.1");
    CHECK(json(-2.5L) == "-2.5");
    CHECK(json(5.0) == "5");
    CHECK(json(1e300) == "1e+300");
    CHECK(std::stod(json(1.0 / 3)) == 1.0 / 3);
    CHECK(json(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(json(std::numeric_limits<float>::infinity()) == "null");
    CHECK(json(-std::numeric_limits<long double>::infinity()) == "null");
    CHECK(json(std::numeric_limits<long double>::denorm_min()).find('e') != std::string::npos);
}

TEST_CASE("enumerators have their names if they are described", "[json_text]") {
    CHECK(json(Color::green) == R"("green")");
    CHECK(json(static_cast<Color>(7)) == "7");
    CHECK(json(Level::low) == "-3");
    CHECK(json(letter_a) == "97");
}

TEST_CASE("what may be absent is null or its value", "[json_text]") {
    CHECK(json(std::optional<int>()) == "null");
    CHECK(json(std::optional(3)) == "3");
    CHECK(json(std::optional(std::optional<int>())) == "null");
    CHECK(json(std::make_unique<Point>()) == R"({"x":0,"y":0})");
    CHECK(json(std::shared_ptr<const Point>()) == "null");
    CHECK(json(std::make_shared<const std::string>("s")) == R"("s")");
    CHECK(json(nullptr) == "null");
    CHECK(json(std::monostate{}) == "null");
}

TEST_CASE("ranges are arrays", "[json_text]") {
    CHECK(json(std::vector<int>()) == "[]");
    CHECK(json(std::vector{1, 2, 3}) == "[1,2,3]");
    CHECK(json(std::vector{true, false}) == "[true,false]");
    CHECK(json(std::vector<std::vector<int>>{{1}, {}}) == "[[1],[]]");
    CHECK(json(std::array<int, 0>()) == "[]");
    CHECK(json(std::array{1, 2}) == "[1,2]");
    CHECK(json(std::list<std::string>{"a", "b"}) == R"(["a","b"])");
    CHECK(json(std::deque{1.5}) == "[1.5]");
    CHECK(json(std::set{2, 1}) == "[1,2]");
    const int plain[2] = {1, 2};
    CHECK(json(plain) == "[1,2]");
    CHECK(json(std::span(plain)) == "[1,2]");
}

TEST_CASE("maps are objects if their keys are text", "[json_text]") {
    CHECK(json(std::map<std::string, int>()) == "{}");
    CHECK(json(std::map<std::string, int>{{"a", 1}, {"\"", 2}}) == R"({"\"":2,"a":1})");
    CHECK(json(std::unordered_map<std::string_view, Point>{{"p", {}}}) == R"({"p":{"x":0,"y":0}})");
    CHECK(json(std::map<int, bool>{{1, true}, {2, false}}) == "[[1,true],[2,false]]");
}

TEST_CASE("tuples are arrays, variants their value", "[json_text]") {
    CHECK(json(std::pair(1, "a")) == R"([1,"a"])");
    CHECK(json(std::tuple<>()) == "[]");
    CHECK(json(std::tuple(1, std::string("a"), Point{})) == R"([1,"a",{"x":0,"y":0}])");
    using Variant = std::variant<std::monostate, int, std::string, Point>;
    CHECK(json(Variant()) == "null");
    CHECK(json(Variant(3)) == "3");
    CHECK(json(Variant("a")) == R"("a")");
    CHECK(json(Variant(Point{1, 2})) == R"({"x":1,"y":2})");
}

TEST_CASE("times and durations", "[json_text]") {
    using namespace std::chrono;
    const sys_days day = 2026y / January / 31;
    CHECK(json(day + 9h + 30min + 5s + 1ns) == R"("2026-01-31T09:30:05.000000001Z")");
    CHECK(json(day) == R"("2026-01-31T00:00:00.000000000Z")");
    CHECK(json(day + 250ms) == R"("2026-01-31T00:00:00.250000000Z")");
    CHECK(json(sys_seconds(-1s)) == R"("1969-12-31T23:59:59.000000000Z")");
    CHECK(json(hindsight::TimePoint(-1ns)) == R"("1969-12-31T23:59:59.999999999Z")");
    CHECK(json(hindsight::TimePoint::min()) == R"("1677-09-21T00:12:43.145224192Z")");
    CHECK(json(hindsight::TimePoint::max()) == R"("2262-04-11T23:47:16.854775807Z")");
    CHECK(json(sys_days(0y / 1 / 1)) == R"("0000-01-01T00:00:00.000000000Z")");
    CHECK(json(sys_days(9999y / 12 / 31)) == R"("9999-12-31T00:00:00.000000000Z")");
    CHECK(json(1500ms) == "1500");
    CHECK(json(duration<double>(0.5)) == "0.5");
    CHECK(json(steady_clock::time_point(7ns)) == "7");

    std::string text;
    detail::append_json_time(text, hindsight::TimePoint(1ns));
    CHECK(text == R"("1970-01-01T00:00:00.000000001Z")");
}

TEST_CASE("times beyond the calendar are numbers", "[json_text]") {
    using namespace std::chrono;
    CHECK(json(sys_days(10000y / 1 / 1)) == "253402300800");
    CHECK(json(sys_days((-1y) / 12 / 31)) == "-62167305600");
    CHECK(json(sys_seconds::max()) == "9223372036854775807");
    using WideDays = duration<std::int64_t, days::period>;
    CHECK(json(sys_time<WideDays>::max()) == "9223372036854775807");
    CHECK(json(sys_time<WideDays>::min()) == "-9223372036854775808");
    CHECK(json(sys_time<duration<double>>(duration<double>(1e300))) == "1e+300");
}

TEST_CASE("described structs are objects with the public members", "[json_text]") {
    CHECK(json(Point{1, -2}) == R"({"x":1,"y":-2})");
    CHECK(json(Empty{}) == "{}");

    Derived derived;
    derived.id = "d";
    CHECK(json(derived) == R"({"id":"d","place":null,"hidden":2})");
    derived.place = Point{3, 4};
    CHECK(json(derived) == R"({"id":"d","place":{"x":3,"y":4},"hidden":2})");
    CHECK(json(PrivatelyDerived{}) == R"({"own":5})");
    CHECK(json(OfUndescribedBase{}) == R"({"own":6})");

    const Everything everything{{{1, 2}, {3, 4}}, {{"sky", Color::red}}, {}};
    CHECK(json(everything) == R"({"points":[{"x":1,"y":2},{"x":3,"y":4}],"colors":{"sky":"red"},)"
                              R"("undescribed":{"type":"json_text_test::Undescribed","size":4}})");
}

TEST_CASE("values can write their own JSON, also nested ones", "[json_text]") {
    CHECK(json(OwnJson{}) == R"({"own":true})");
    CHECK(json(std::vector{Foreign{1}, Foreign{2}}) == "[1,2]");
    CHECK(json(NoJson{}) == "null");
    CHECK(json(hindsight::NamedEvent{"x"}) == "{}");
}

TEST_CASE("everything else is named", "[json_text]") {
    int number = 0;
    CHECK(json(Undescribed{}) == R"({"type":"json_text_test::Undescribed","size":4})");
    CHECK(json(std::vector<Undescribed>(1)) == R"([{"type":"json_text_test::Undescribed","size":4}])");
    CHECK(json(&number).starts_with(R"({"type":"int)"));
    CHECK(json(std::function<void()>()).starts_with(R"({"type":"std::function<)"));
    CHECK(json(std::shared_ptr<OnlyDeclared>()).starts_with(R"({"type":"std::shared_ptr<)"));
    CHECK(json(std::shared_ptr<void>()).starts_with(R"({"type":"std::shared_ptr<)"));
    CHECK(json(SelfRange<int>()).starts_with(R"({"type":"json_text_test::SelfRange<)"));
}

TEST_CASE("depth is limited, so that cycles end", "[json_text]") {
    const auto node = std::make_shared<Node>();
    node->next = node;
    const std::string text = json(*node);
    node->next.reset();

    std::size_t depth = 0;
    for (std::size_t at = text.find("next"); at != std::string::npos; at = text.find("next", at + 1)) ++depth;
    CHECK(depth == detail::max_json_depth);
    CHECK(text.find(R"({"type":"json_text_test::Node","size":16})") != std::string::npos);
}

TEST_CASE("text is appended to what is there", "[json_text]") {
    std::string text = "[";
    detail::append_json(text, 1);
    text += ',';
    detail::append_json_string(text, "a");
    CHECK(text == R"([1,"a")");
}

}  // namespace

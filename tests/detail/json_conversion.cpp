#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/refusal.hpp"

#include <hindsight/detail/json_conversion.hpp>
#include <hindsight/detail/json_text.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

using namespace hindsight::test;
namespace detail = hindsight::detail;

namespace conversion_test {

enum class Plain : std::uint8_t { first, second };

struct Base {
    int inherited = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (inherited))

struct Everything : Base {
    bool flag = false;
    char letter = 'a';
    std::int8_t small = 0;
    std::uint64_t large = 0;
    float single_precision = 0;
    double number = 0;
    std::string text = {};
    std::filesystem::path path = {};
    Urgency urgency = Urgency::low;
    Plain plain = Plain::first;
    std::optional<int> maybe = {};
    std::unique_ptr<std::string> owned = {};
    std::variant<int, std::string> either = 0;
    std::vector<bool> flags = {};
    std::set<int> set = {};
    std::array<int, 2> pair_of_numbers = {};
    std::tuple<int, std::string> tuple = {};
    std::map<std::string, std::vector<int>> map = {};
    std::unordered_map<std::string, int> hash_map = {};
    std::chrono::milliseconds duration = {};
    std::chrono::sys_time<std::chrono::nanoseconds> time = {};
    std::chrono::sys_days day = {};
    std::chrono::steady_clock::time_point ticks = {};
};
BOOST_DESCRIBE_STRUCT(Everything, (Base),
                      (flag, letter, small, large, single_precision, number, text, path, urgency, plain, maybe, owned,
                       either, flags, set, pair_of_numbers, tuple, map, hash_map, duration, time, day, ticks))

}  // namespace conversion_test

using namespace conversion_test;

namespace {

template <class T>
T read(std::string_view text) {
    return detail::read_json<T>(boost::json::parse({text.data(), text.size()}), detail::JsonPlace{});
}

template <class T>
bool refuses_json(std::string_view why, std::string_view text) {
    return refuses<hindsight::ConversionFailed>(why, [&] { read<T>(text); });
}

template <class T>
std::string write(const T& value) {
    std::string text;
    detail::append_json(text, value);
    return text;
}

TEST_CASE("what is written of a value can be read again", "[json_conversion]") {
    using namespace std::chrono;
    Everything value;
    value.inherited = 3;
    value.flag = true;
    value.letter = '"';
    value.small = -128;
    value.large = std::numeric_limits<std::uint64_t>::max();
    value.single_precision = 0.1F;
    value.number = 0.1 + 0.2;
    value.text = "quote \" newline \n zero";
    value.path = "/a/b";
    value.urgency = Urgency::high;
    value.plain = Plain::second;
    value.maybe = 4;
    value.owned = std::make_unique<std::string>("mine");
    value.either = "text";
    value.flags = {true, false};
    value.set = {3, 1, 2};
    value.pair_of_numbers = {5, 6};
    value.tuple = {7, "seven"};
    value.map = {{"a", {1, 2}}, {"b", {}}};
    value.hash_map = {{"x", 1}};
    value.duration = 1500ms;
    value.time = sys_days(2026y / November / 20) + 8h + 1ns;
    value.day = sys_days(1969y / December / 31);
    value.ticks += 5s;
    const std::string text = write(value);
    CHECK(write(read<Everything>(text)) == text);
    CHECK(write(read<Everything>(write(Everything()))) == write(Everything()));
}

TEST_CASE("numbers that JSON lacks are read as NaN", "[json_conversion]") {
    CHECK(std::isnan(read<double>(write(std::numeric_limits<double>::infinity()))));
    CHECK(std::isnan(read<float>("null")));
}

TEST_CASE("enumerators are read by name and by number", "[json_conversion]") {
    CHECK(read<Urgency>("\"high\"") == Urgency::high);
    CHECK(read<Urgency>("1") == Urgency::high);
    CHECK(read<Urgency>(write(static_cast<Urgency>(9))) == static_cast<Urgency>(9));
    CHECK(refuses_json<Urgency>("no enumerator", "\"higher\""));
    CHECK(refuses_json<Plain>("does not fit", "256"));
}

TEST_CASE("optional members may be missing, others may not, and no others may be there", "[json_conversion]") {
    const std::string rest = R"(,"price":1,"urgency":"low","lines":[])";
    CHECK(read<OrderPlaced>(R"({"id":7)" + rest + "}").id == 7);
    CHECK(read<OrderPlaced>(R"({"id":7,"note":"n")" + rest + "}").note == "n");
    CHECK(read<OrderPlaced>(R"({"id":7,"note":null)" + rest + "}").note == std::nullopt);
    CHECK(refuses_json<OrderPlaced>(".id: missing", R"({"note":"n")" + rest + "}"));
    CHECK(refuses_json<OrderPlaced>(".not: no member of the type", R"({"id":7,"not":"n")" + rest + "}"));
    CHECK(refuses_json<OrderPlaced>("an object was expected, not an array", "[1]"));
}

TEST_CASE("a refusal names the place and what is wrong there", "[json_conversion]") {
    using Deep = std::map<std::string, std::vector<OrderLine>>;
    CHECK(refuses_json<Deep>(".a[1].count: a number was expected, not null",
                             R"({"a":[{"article":"","count":1},{"article":"","count":null}]})"));
    CHECK(refuses_json<Deep>(".a: an array was expected, not true", R"({"a":true})"));
    CHECK(refuses_json<Deep>("an object was expected, not text", "\"a\""));
    CHECK(refuses_json<std::int8_t>("does not fit", "128"));
    CHECK(refuses_json<unsigned>("does not fit", "-1"));
    CHECK(refuses_json<int>("does not fit", "1.5"));
    CHECK(refuses_json<bool>("true or false was expected, not a number", "1"));
    CHECK(refuses_json<std::string>("text was expected, not an object", "{}"));
    CHECK(refuses_json<char>("one character", "\"ab\""));
    CHECK(refuses_json<std::tuple<int, int>>("2 elements were expected, not 3", "[1,2,3]"));
    CHECK(refuses_json<std::variant<int, bool>>("none of the alternatives", "\"a\""));
    CHECK(refuses_json<std::monostate>("null was expected", "1"));
    CHECK(refuses_json<OrderPaid>("an amount is a whole number", "\"much\""));
    CHECK(refuses_json<std::chrono::sys_seconds>("no time of the form", "\"today\""));
}

TEST_CASE("times are read as they are written, and nothing else is", "[json_conversion]") {
    using namespace std::chrono;
    const auto nanoseconds_of = [](std::string_view text) { return detail::parse_json_time(text).value().nanoseconds; };
    CHECK(detail::parse_json_time("2026-01-31T09:30:00.000000001Z").value().seconds ==
          sys_days(2026y / January / 31) + 9h + 30min);
    CHECK(nanoseconds_of("2026-01-31T09:30:00.000000001Z") == 1);
    CHECK(nanoseconds_of("2026-01-31T09:30:00.5Z") == 500'000'000);
    CHECK(nanoseconds_of("2026-01-31T09:30:00Z") == 0);
    CHECK(detail::parse_json_time("2024-02-29T23:59:59Z"));
    for (const char* const bad :
         {"", "2026", "2026-01-31", "2026-01-31T09:30:00", "2026-01-31 09:30:00Z", "2026-02-29T09:30:00Z",
          "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z",
          "2026-01-31T09:30:60Z", "2026-01-31T09:30:00.Z", "2026-01-31T09:30:00.0000000001Z", "+026-01-31T09:30:00Z",
          "2026-01-31T09:30:00.000000001Zz", "2026-01-31T09:30:00+01:00", "2026-1-31T09:30:00Z"}) {
        CAPTURE(bad);
        CHECK_FALSE(detail::parse_json_time(bad));
    }
}

}  // namespace

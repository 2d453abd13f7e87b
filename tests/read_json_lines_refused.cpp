// Lines that are no records.
#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/random.hpp"
#include "support/refusal.hpp"

#include <hindsight/format.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/read_json_lines.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

template <class... E>
JsonLines read(const std::string& text, const JsonLinesOptions& options = {}) {
    std::istringstream in(text);
    return read_json_lines<E...>(in, options);
}

const std::string good =
    R"({"id":"00c0ffee12345678-5","seq":5,"time":"2026-11-20T08:21:37.123456789Z","name":"order.paid",)"
    R"("category":"order","severity":"info","source":"s","key":"k","cause":3,"correlation":"c",)"
    R"("metadata":{"a":"b"},"replayed":true,"payload_bytes":9,"payload":{"x":1}})";

std::string replaced(const std::string& what, const std::string& by) {
    std::string text = good;
    const std::size_t position = text.find(what);
    REQUIRE(position != std::string::npos);
    return text.replace(position, what.size(), by);
}

std::string reason(const std::string& line) {
    const JsonLines lines = read<>(line);
    if (lines.refused_count != 1 || !lines.records.empty()) return "it was not refused";
    return lines.refused.at(0).reason;
}

TEST_CASE("a line has all that a record has", "[read_json_lines]") {
    const JsonLines lines = read<>(good);
    REQUIRE(lines.records.size() == 1);
    CHECK(lines.records[0].replayed());
    CHECK(to_json(lines.records[0]) == good);
    CHECK(read<>(replaced(R"("category":"order",)", "")).records.size() == 1);
    CHECK(read<>("  " + good + " \r\n").records.size() == 1);
}

TEST_CASE("each kind of bad line is refused with its reason", "[read_json_lines]") {
    using Case = std::pair<std::string, std::string>;  // a line, and a part of the reason
    const std::string long_text(65536, 'x');
    const std::vector<Case> cases{
        {"\n", "an empty line"},
        {"  \n", "an empty line"},
        {"hello", "no valid JSON at byte 1: syntax error"},
        {good.substr(0, 100), "incomplete JSON"},
        {good + "}", "extra data"},
        {good + good, "extra data"},
        {"[1]", "no JSON object"},
        {"7", "no JSON object"},
        {std::string(300, '['), "too deep"},
        {replaced("order.paid", "order.\xff"), "no valid JSON at byte 90"},
        {replaced(R"("x":1)", R"("x":1,"x":2)"), "occurs twice"},
        {replaced(R"("seq":5)", R"("seq":4,"seq":5)"), "occurs twice"},
        {replaced(R"("key":"k")", R"("kee":"k")"), "\"kee\" is no member of a record"},

        {replaced(R"("id":"00c0ffee12345678-5",)", ""), "\"id\" is missing"},
        {replaced(R"("seq":5,)", ""), "\"seq\" is missing"},
        {replaced(R"("time":"2026-11-20T08:21:37.123456789Z",)", ""), "\"time\" is missing"},
        {replaced(R"("name":"order.paid",)", ""), "\"name\" is missing"},
        {replaced(R"("severity":"info",)", ""), "\"severity\" is missing"},
        {replaced(R"(,"payload":{"x":1})", ""), "\"payload\" is missing"},
        {replaced(R"("replayed")", R"("truncated":true,"replayed")"), "though the record is truncated"},

        {replaced(R"("id":"00c0ffee12345678-5")", R"("id":5)"), "\"id\" is no text"},
        {replaced("00c0ffee12345678-5", "00c0ffee12345678-6"), "\"id\" is not"},
        {replaced("00c0ffee12345678-5", "00C0ffee12345678-5"), "\"id\" is not"},
        {replaced("00c0ffee12345678-5", "5"), "\"id\" is not"},
        {replaced(R"("seq":5)", R"("seq":"5")"), "\"seq\" is no whole number"},
        {replaced(R"("seq":5)", R"("seq":5.5)"), "\"seq\" is no whole number"},
        {replaced(R"("seq":5)", R"("seq":-5)"), "\"seq\" is no whole number"},
        {replaced(R"("seq":5)", R"("seq":99999999999999999999)"), "\"seq\" is no whole number"},
        {replaced(R"("seq":5)", R"("seq":0)"), "\"seq\" is 0"},
        {replaced("2026-11-20", "2026-11-31"), "\"time\" is no time"},
        {replaced("2026-11-20", "2500-11-20"), "\"time\" is no time"},
        {replaced("2026-11-20", "1600-11-20"), "\"time\" is no time"},
        {replaced(R"("2026-11-20T08:21:37.123456789Z")", "1795162897"), "\"time\" is no text"},
        {replaced(R"("name":"order.paid")", R"("name":"order paid")"), "order paid"},
        {replaced(R"("name":"order.paid")", R"("name":"")"), "name"},
        {replaced(R"("name":"order.paid")", R"("name":["order.paid"])"), "\"name\" is no text"},
        {replaced(R"("category":"order")", R"("category":"paid")"), "\"category\" is not the name's first segment"},
        {replaced(R"("severity":"info")", R"("severity":"loud")"), "\"severity\" is no Severity"},
        {replaced(R"("severity":"info")", R"("severity":2)"), "\"severity\" is no text"},
        {replaced(R"("source":"s")", R"("source":null)"), "\"source\" is no text"},
        {replaced(R"("source":"s")", R"("source":")" + long_text + "\""), "\"source\" has 65536 bytes; 65535"},
        {replaced(R"("key":"k")", R"("key":7)"), "\"key\" is no text"},
        {replaced(R"("key":"k")", R"("key":")" + long_text + "\""), "\"key\" has 65536 bytes"},
        {replaced(R"("correlation":"c")", R"("correlation":{})"), "\"correlation\" is no text"},
        {replaced(R"("correlation":"c")", R"("correlation":")" + long_text + "\""), "\"correlation\" has 65536 bytes"},
        {replaced(R"("cause":3)", R"("cause":true)"), "\"cause\" is no whole number"},
        {replaced(R"({"a":"b"})", "7"), "\"metadata\" is neither"},
        {replaced(R"({"a":"b"})", R"({"a":7})"), "\"metadata\" has a value that is no text"},
        {replaced(R"({"a":"b"})", R"([["a"]])"), "\"metadata\" has an element that is no pair"},
        {replaced(R"({"a":"b"})", R"([[1,"a"]])"), "\"metadata\" has an element that is no pair"},
        {replaced(R"({"a":"b"})", R"(["a"])"), "\"metadata\" has an element that is no pair"},
        {replaced(R"("replayed":true)", R"("replayed":"yes")"), "\"replayed\" is neither true nor false"},
        {replaced(R"("payload_bytes":9)", R"("payload_bytes":-1)"), "\"payload_bytes\" is no whole number"},
    };
    for (const auto& [line, wanted] : cases) {
        CAPTURE(line.substr(0, 300), wanted);
        CHECK_THAT(reason(line), Contains(wanted));
    }
}

TEST_CASE("every line is either a record or refused with its number", "[read_json_lines]") {
    const std::string later = replaced("-5", "-9").replace(good.find("\"seq\":5"), 7, "\"seq\":9");
    const std::string text = good + "\nhello\n" + good + "\n" + later + "\n" + good + "\n\n" + later.substr(0, 50);
    const JsonLines lines = read<>(text);
    REQUIRE(lines.records.size() == 2);
    CHECK(lines.records[1].seq() == 9);
    REQUIRE(lines.refused.size() == 5);
    CHECK(lines.refused_count == 5);
    CHECK(lines.refused[0].line == 2);
    CHECK(lines.refused[1].line == 3);
    CHECK(lines.refused[1].reason == "\"seq\" is 5 once more");
    CHECK(lines.refused[2].line == 5);
    CHECK(lines.refused[2].reason == "\"seq\" is 5, after 9");
    CHECK(lines.refused[3].line == 6);
    CHECK(lines.refused[4].line == 7);
}

TEST_CASE("a payload that does not convert to the named type is refused", "[read_json_lines]") {
    CHECK(read<OrderPaid>(replaced(R"({"x":1})", "5")).records.at(0).as<OrderPaid>().cents == 5);
    const JsonLines lines = read<OrderPlaced, OrderPaid>(good);
    REQUIRE(lines.refused.size() == 1);
    CHECK_THAT(lines.refused[0].reason, Contains("\"order.paid\" does not convert to hindsight::test::OrderPaid: an "
                                                 "amount is a whole number"));
    CHECK(read<OrderPlaced>(good).records.size() == 1);
}

TEST_CASE("long lines and many refusals take no more memory than allowed", "[read_json_lines]") {
    const std::string text = good + "\n" + std::string(100'000, 'x') + "\n" + replaced("-5", "-6") + "\n";
    const JsonLines lines = read<>(text, {.max_line_bytes = good.size(), .max_refused = 1});
    CHECK(lines.records.size() == 1);
    CHECK(lines.refused_count == 2);
    REQUIRE(lines.refused.size() == 1);
    CHECK(lines.refused[0].line == 2);
    CHECK(lines.refused[0].reason == "longer than " + std::to_string(good.size()) + " bytes");
    CHECK(read<>(good, {.max_line_bytes = good.size() - 1}).refused_count == 1);
}

TEST_CASE("streams that cannot be read are refused, empty ones are not", "[read_json_lines]") {
    CHECK(read<>("").records.empty());
    CHECK(read<>("").refused_count == 0);
    std::ifstream missing("/no/such/file");
    CHECK(refuses<InvalidArgument>("cannot be read", [&] { read_json_lines(missing); }));
    CHECK(refuses<InvalidArgument>("max_line_bytes", [&] { read<>("", {.max_line_bytes = 0}); }));
    std::istringstream twice(good);
    CHECK(read_json_lines(twice).records.size() == 1);
    CHECK(read_json_lines(twice).records.empty());
}

TEST_CASE("damaged lines are refused or read, and nothing else happens", "[read_json_lines]") {
    const auto seed = random_seed();
    CAPTURE(seed);
    Random random(3);
    for (int i = 0; i < 3000; ++i) {
        std::string line = good;
        for (int changes = 1 + random.below(3); changes > 0; --changes) {
            const auto position = static_cast<std::size_t>(random.below(static_cast<int>(line.size())));
            const char by =
                random.one_in(2) ? R"({}[]",:0-.\n)"[random.below(12)] : static_cast<char>(random.below(256));
            if (random.one_in(3)) {
                line.erase(position, 1);
            } else {
                line[position] = by;
            }
        }
        std::size_t lines_of_text = 1;
        for (std::size_t at = 0; at + 1 < line.size(); ++at) lines_of_text += line[at] == '\n' ? 1U : 0U;
        const JsonLines lines = read<>(line);
        CAPTURE(line);
        REQUIRE(lines.records.size() + lines.refused_count == lines_of_text);
        if (!lines.records.empty()) {
            const std::string again = to_json(lines.records[0]);
            REQUIRE(to_json(read<>(again).records.at(0)) == again);
        }
    }
}

}  // namespace

#include "support/catch.hpp"

#include <hindsight/detail/draft.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/format.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/src.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::EmitOptions;
using hindsight::Record;
using hindsight::Severity;
using hindsight::to_json;
namespace detail = hindsight::detail;
namespace json = boost::json;

namespace format_test {

struct TaskCompleted {
    static constexpr std::string_view event_name = "task.completed";
    std::string task_id;
    double seconds = 0;
};
BOOST_DESCRIBE_STRUCT(TaskCompleted, (), (task_id, seconds))

struct Undescribed {
    std::int32_t number = 0;
};

BOOST_DEFINE_ENUM_CLASS(Phase, waiting, running)

struct OwnJson {
    std::string event_json() const { return text; }
    std::string text;
};

struct Foreign {
    int number = 0;
};

struct Large {
    std::size_t event_payload_bytes() const { return 70'000; }
};

struct Unconvertible {
    std::string event_json() const { throw std::runtime_error("no JSON today"); }
};

}  // namespace format_test

template <>
struct hindsight::EventTraits<format_test::Foreign> : hindsight::DefaultEventTraits<format_test::Foreign> {
    static std::string to_json(const format_test::Foreign& event) { return std::to_string(event.number); }
};

using namespace format_test;

namespace {

constexpr hindsight::TimePoint some_time = [] {
    using namespace std::chrono;
    return sys_days(2026y / November / 20) + 8h + 21min + 37s + 123456789ns;
}();

/// What a record has that its emitter does not choose.
struct Given {
    hindsight::Seq seq = 12;
    std::uint8_t flags = 0;
    bool with_payload = true;
};

template <class E>
Record make_record(const E& event, const EmitOptions& options = {}, const Given& given = {}) {
    return detail::with_draft(event, options, [&](const detail::Draft& draft) {
        const detail::Stamp stamp{.time = options.time.value_or(some_time),
                                  .origin = 0x00c0ffee12345678,
                                  .cause = options.cause,
                                  .correlation = options.correlation,
                                  .flags = given.flags};
        detail::EnvelopePtr envelope = detail::make_envelope(draft, stamp, detail::ThreadSlot::current());
        if (!given.with_payload) envelope = detail::make_without_payload(*envelope);
        envelope->seq = given.seq;
        return Record(std::move(envelope));
    });
}

/// The JSON of a record from the member of that name on.
std::string json_from(std::string_view member, const Record& record) {
    const std::string text = to_json(record);
    const std::size_t position = text.find(fmt::format(",\"{}\":", member));
    return position == std::string::npos ? "no such member in " + text : text.substr(position + 1);
}

template <class E>
std::string payload_json(const E& event) {
    return json_from("payload", make_record(event));
}

/// The line of a record after the name.
std::string line_after_name(const Record& record) {
    const std::string line = fmt::format("{}", record);
    const std::string_view name = record.name();
    return line.substr(line.find(name) + name.size());
}

const TaskCompleted task{"t1", 5.2};

TEST_CASE("JSON has every field of a record", "[format]") {
    const Record record = make_record(task,
                                      {.source = "workflow_1",
                                       .key = "t1",
                                       .severity = Severity::warning,
                                       .correlation = "request 7",
                                       .cause = 3,
                                       .metadata = {{"host", "a"}, {"attempt", "2"}}},
                                      {.flags = detail::Envelope::replayed});
    CHECK(to_json(record) ==
          R"({"id":"00c0ffee12345678-12","seq":12,"time":"2026-11-20T08:21:37.123456789Z","name":"task.completed",)"
          R"("category":"task","severity":"warning","source":"workflow_1","key":"t1","cause":3,)"
          R"("correlation":"request 7","metadata":{"host":"a","attempt":"2"},"replayed":true,)"
          R"("payload_bytes":)" +
              std::to_string(sizeof(TaskCompleted)) + R"(,"payload":{"task_id":"t1","seconds":5.2}})");
}

TEST_CASE("JSON leaves out what is empty", "[format]") {
    CHECK(to_json(make_record(Undescribed{})) ==
          R"({"id":"00c0ffee12345678-12","seq":12,"time":"2026-11-20T08:21:37.123456789Z","name":"undescribed",)"
          R"("category":"undescribed","severity":"info","payload_bytes":4,)"
          R"("payload":{"type":"format_test::Undescribed","size":4}})");
    CHECK(to_json(Record()) == "null");
}

TEST_CASE("JSON shows the largest numbers and times before 1970", "[format]") {
    constexpr hindsight::Seq largest = std::numeric_limits<hindsight::Seq>::max();
    const Record record = make_record(
        task, {.cause = largest, .time = hindsight::TimePoint(std::chrono::nanoseconds(-1))}, {.seq = largest});
    const std::string text = to_json(record);
    CHECK(text.starts_with(R"({"id":"00c0ffee12345678-18446744073709551615","seq":18446744073709551615,)"
                           R"("time":"1969-12-31T23:59:59.999999999Z",)"));
    CHECK(text.find(R"("cause":18446744073709551615,)") != std::string::npos);
}

TEST_CASE("payloads are JSON of their own making, of their members or of their type", "[format]") {
    CHECK(payload_json(task) == R"("payload":{"task_id":"t1","seconds":5.2}})");
    CHECK(payload_json(Undescribed{}) == R"("payload":{"type":"format_test::Undescribed","size":4}})");
    CHECK(payload_json(Phase::running) == R"("payload":"running"})");
    CHECK(payload_json(OwnJson{"[1, 2]"}) == R"("payload":[1, 2]})");
    CHECK(payload_json(OwnJson{""}) == R"("payload":null})");
    CHECK(payload_json(Foreign{7}) == R"("payload":7})");
    CHECK(payload_json(hindsight::NamedEvent{"system.init"}) == R"("payload":{}})");
}

TEST_CASE("a payload that was not kept is not shown", "[format]") {
    const Record record = make_record(Large{}, {.source = "s"}, {.with_payload = false});
    CHECK(json_from("key", record) == R"("key":"s","payload_bytes":70000,"truncated":true})");
    CHECK(line_after_name(record) == " source=s (payload of 70000 bytes not kept)");
}

TEST_CASE("metadata is an object unless a name repeats", "[format]") {
    const auto metadata_json = [](const EmitOptions& options) {
        const std::string text = json_from("metadata", make_record(Foreign{7}, options));
        return text.substr(0, text.find(",\"payload_bytes\""));
    };
    CHECK(metadata_json({.metadata = {{"", ""}}}) == R"("metadata":{"":""})");
    CHECK(metadata_json({.metadata = {{"b", "1"}, {"a", "1"}}}) == R"("metadata":{"b":"1","a":"1"})");
    CHECK(metadata_json({.metadata = {{"b", "1"}, {"a", "2"}, {"b", "3"}}}) ==
          R"("metadata":[["b","1"],["a","2"],["b","3"]])");
    CHECK(metadata_json({.metadata = {{"\"", "\n"}}}) == R"("metadata":{"\"":"\n"})");
    // Different names that are written alike.
    CHECK(metadata_json({.metadata = {{"\xff", "1"}, {"\xfe", "2"}}}) ==
          "\"metadata\":[[\"\ufffd\",\"1\"],[\"\ufffd\",\"2\"]]");
}

TEST_CASE("JSON is one line whatever is in it", "[format]") {
    const auto source_json = [](std::string_view source) {
        const std::string text = json_from("source", make_record(Foreign{7}, {.source = source, .key = "k"}));
        return text.substr(0, text.find(",\"key\""));
    };
    CHECK(source_json("a\"\\\n\r\t\x01\x7f") == R"("source":"a\"\\\n\r\t\u0001\u007f")");
    CHECK(source_json("\u0080\u0085\u009f\u00a0") == "\"source\":\"\\u0080\\u0085\\u009f\u00a0\"");
    CHECK(source_json("\u2027\u2028\u2029\u202a") == "\"source\":\"\u2027\\u2028\\u2029\u202a\"");
    CHECK(source_json("Zürich \xc2") == "\"source\":\"Zürich \ufffd\"");

    CHECK(payload_json(OwnJson{"{\n\t\"a\":\r\n1\n}"}) == R"("payload":{  "a":  1 }})");
    CHECK(payload_json(OwnJson{"\"\u2028\x7f\""}) == R"("payload":"\u2028\u007f"})");
    CHECK(payload_json(OwnJson{"\xc2"}) == "\"payload\":\xc2}");
}

TEST_CASE("a record is shown as one line", "[format]") {
    CHECK(fmt::format("{}", make_record(task, {.source = "workflow_1", .key = "t1"})) ==
          R"(#12 2026-11-20T08:21:37.123456789Z info task.completed source=workflow_1 key=t1 )"
          R"({"task_id":"t1","seconds":5.2})");
    CHECK(fmt::format("{}", make_record(task, {.severity = Severity::critical})) ==
          R"(#12 2026-11-20T08:21:37.123456789Z critical task.completed {"task_id":"t1","seconds":5.2})");
    CHECK(line_after_name(make_record(Foreign{7}, {.source = "s", .cause = 3})) == " source=s cause=#3 7");
    CHECK(line_after_name(make_record(Foreign{7}, {.source = "s", .key = "s"})) == " source=s 7");
    CHECK(line_after_name(make_record(Foreign{7}, {.key = "k"})) == " key=k 7");
    CHECK(line_after_name(make_record(Foreign{7}, {.correlation = "c", .metadata = {{"a", "b"}}})) == " 7");
    CHECK(fmt::format("{}", Record()) == "(empty record)");
}

TEST_CASE("texts in a line are quoted where they need it", "[format]") {
    const auto source_word = [](std::string_view source) {
        const std::string text = line_after_name(make_record(Foreign{7}, {.source = source}));
        CHECK(text.ends_with(" 7"));
        return text.substr(0, text.size() - 2);
    };
    CHECK(source_word("a=b,{c}#/:") == " source=a=b,{c}#/:");
    CHECK(source_word("Zürich") == " source=Zürich");
    CHECK(source_word("two words") == R"( source="two words")");
    CHECK(source_word("a\"b") == R"( source="a\"b")");
    CHECK(source_word("a\\b") == R"( source="a\\b")");
    CHECK(source_word("a\nb") == R"( source="a\nb")");
    CHECK(source_word("\x1b[2J") == R"( source="\u001b[2J")");
    CHECK(source_word("\u009b2J") == R"( source="\u009b2J")");
    CHECK(source_word("a\u2028") == R"( source="a\u2028")");
    CHECK(source_word("\xff") == " source=\"\ufffd\"");
    CHECK(source_word("\xf0\x90\x80") == " source=\"\ufffd\"");
    CHECK(line_after_name(make_record(Foreign{7}, {.key = "k 1"})) == R"( key="k 1" 7)");
    CHECK(line_after_name(make_record(OwnJson{"[\n1\n]"})) == " [ 1 ]");
    CHECK(line_after_name(make_record(OwnJson{"\"\u0085\""})) == R"( "\u0085")");
}

TEST_CASE("m shows what a log does not know itself", "[format]") {
    const Record record = make_record(task, {.source = "s"});
    const std::string line = fmt::format("{}", record);
    const std::string message = fmt::format("{:m}", record);
    CHECK(message.starts_with("#" + std::to_string(record.seq()) + " " + std::string(record.name()) + " source=s "));
    CHECK(line.ends_with(message.substr(message.find(' '))));
    CHECK(fmt::format("{:m}", Record()) == "(empty record)");
}

TEST_CASE("j shows JSON", "[format]") {
    const Record record = make_record(task, {.source = "s"});
    CHECK(fmt::format("{:j}", record) == to_json(record));
    CHECK(fmt::format("{0:j}|{0}", record) == to_json(record) + "|" + fmt::format("{}", record));
    CHECK(fmt::format("{:j}", Record()) == "null");
    CHECK(fmt::format("{:}", record) == fmt::format("{}", record));

    std::string text;
    fmt::format_to(std::back_inserter(text), "{:j}", record);
    CHECK(text == to_json(record));
}

/// A text that can be an argument of a template.
template <std::size_t Size>
struct Literal {
    constexpr Literal(const char (&text)[Size]) { std::copy_n(text, Size, characters); }
    constexpr fmt::string_view view() const { return {characters, Size - 1}; }
    char characters[Size] = {};
};

template <class T, Literal Format>
constexpr bool parse() {
    fmt::format_parse_context context(Format.view());
    return fmt::formatter<T>().parse(context) == context.end();
}

template <class T, Literal Format>
concept IsFormat = requires {
    typename std::bool_constant<parse<T, Format>()>;
};

TEST_CASE("other formats are errors", "[format]") {
    const Record record = make_record(task);
    const hindsight::TypedRecord<TaskCompleted> typed(record);
    for (const char* const format : {"{:x}", "{:jj}", "{:J}", "{:>20}", "{:j>20}", "{: }"}) {
        CAPTURE(format);
        CHECK_THROWS_AS(fmt::format(fmt::runtime(format), record), fmt::format_error);
        CHECK_THROWS_AS(fmt::format(fmt::runtime(format), typed), fmt::format_error);
    }
    CHECK_THROWS_WITH(fmt::format(fmt::runtime("{:x}"), record), "a record's format is {}, {:m} or {:j}");
    CHECK_THROWS_AS(fmt::format(fmt::runtime("{:j"), record), fmt::format_error);

    STATIC_REQUIRE(IsFormat<Record, "">);
    STATIC_REQUIRE(IsFormat<Record, "j">);
    STATIC_REQUIRE_FALSE(IsFormat<Record, "x">);
    STATIC_REQUIRE_FALSE(IsFormat<hindsight::TypedRecord<TaskCompleted>, "jj">);
}

TEST_CASE("typed records are shown as records", "[format]") {
    const Record record = make_record(task, {.source = "s"});
    const hindsight::TypedRecord<TaskCompleted> typed(record);
    CHECK(fmt::format("{}", typed) == fmt::format("{}", record));
    CHECK(fmt::format("{:j}", typed) == to_json(record));
    CHECK(to_json(typed) == to_json(record));
}

TEST_CASE("severities are shown as text", "[format]") {
    CHECK(fmt::format("{} {} {}", Severity::trace, Severity::debug, Severity::info) == "trace debug info");
    CHECK(fmt::format("{} {} {}", Severity::warning, Severity::error, Severity::critical) == "warning error critical");
    CHECK(fmt::format("{}", Severity{99}) == "unknown");
    CHECK(fmt::format("[{:<8}] [{:>8}] [{:*^7}] [{:.4}]", Severity::info, Severity::info, Severity::error,
                      Severity::warning) == "[info    ] [    info] [*error*] [warn]");
    CHECK_THROWS_AS(fmt::format(fmt::runtime("{:d}"), Severity::info), fmt::format_error);
}

TEST_CASE("what a conversion throws comes through", "[format]") {
    const Record record = make_record(Unconvertible{});
    CHECK_THROWS_WITH(to_json(record), "no JSON today");
    CHECK_THROWS_WITH(fmt::format("{}", record), "no JSON today");
}

TEST_CASE("records of a store are shown", "[format]") {
    hindsight::EventStore store({.max_payload_bytes = 1000});
    store.append(task, {.source = "workflow_1", .time = some_time});
    store.append(Large{}, {.time = some_time});
    const std::vector<Record> records = store.query();
    REQUIRE(records.size() == 2);
    CHECK(fmt::format("{}", records[0]) == R"(#1 2026-11-20T08:21:37.123456789Z info task.completed source=workflow_1 )"
                                           R"({"task_id":"t1","seconds":5.2})");
    CHECK(fmt::format("{}", records[1]) ==
          "#2 2026-11-20T08:21:37.123456789Z info large (payload of 70000 bytes not kept)");

    const json::value value = json::parse(to_json(records[0]));
    CHECK(value.at("id").as_string() == fmt::format("{:016x}-1", records[0].id().origin));
}

/// Characters at the borders of what is escaped and of how UTF-8 encodes, and some others.
std::string random_text(std::mt19937& random) {
    constexpr std::array<std::string_view, 24> characters = {
        "a",      "Z",      " ",      "=",      "\"",     "\\",     "/",          "\n",
        "\r",     "\t",     "\x01",   "\x1b",   "\x1f",   "\x7f",   "\u0080",     "\u009f",
        "\u00a0", "\u07ff", "\u0800", "\u2028", "\u2029", "\uffff", "\U00010000", "\U0010ffff"};
    std::string text;
    for (std::size_t length = random() % 8; length != 0; --length) {
        text += characters[random() % characters.size()];
    }
    return text;
}

std::string random_bytes(std::mt19937& random) {
    std::string text(random() % 8, '\0');
    std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random() % 256); });
    return text;
}

std::string text_member(const json::value& object, std::string_view name) {
    const json::value* const value = object.as_object().if_contains(name);
    return value == nullptr ? std::string() : json::value_to<std::string>(*value);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs metadata_member(const json::value& object) {
    const json::value& metadata = object.at("metadata");
    if (metadata.is_array()) return json::value_to<Pairs>(metadata);
    Pairs pairs;
    for (const auto& [name, value] : metadata.as_object()) {
        pairs.emplace_back(name, json::value_to<std::string>(value));
    }
    return pairs;
}

bool is_one_printable_line(std::string_view text) {
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte == 0x7f) return false;
    }
    for (const std::string_view escaped : {"\u0080", "\u009f", "\u2028", "\u2029"}) {
        if (text.find(escaped) != std::string_view::npos) return false;
    }
    return true;
}

TEST_CASE("texts come out of the JSON as they went in", "[format]") {
    std::mt19937 random(hindsight::test::random_seed());
    for (int round = 0; round != 2000; ++round) {
        const std::string source = random_text(random);
        const std::string key = random_text(random);
        const std::string correlation = random_text(random);
        const std::string payload = random_text(random);
        Pairs metadata(2);
        for (auto& [name, value] : metadata) {
            name = random_text(random);
            value = random_text(random);
        }
        const Record record = make_record(
            TaskCompleted{payload, 0},
            {.source = source,
             .key = key,
             .correlation = correlation,
             .metadata = {{metadata[0].first, metadata[0].second}, {metadata[1].first, metadata[1].second}}});
        const std::string text = to_json(record);
        const std::string line = fmt::format("{}", record);
        CAPTURE(text, line);
        const json::value value = json::parse(text);
        REQUIRE(text_member(value, "source") == source);
        REQUIRE(text_member(value, "key") == (key.empty() ? source : key));
        REQUIRE(text_member(value, "correlation") == correlation);
        REQUIRE(metadata_member(value) == metadata);
        REQUIRE(text_member(value.at("payload"), "task_id") == payload);
        REQUIRE(is_one_printable_line(text));
        REQUIRE(is_one_printable_line(line));
        REQUIRE(json::parse(line.substr(line.rfind("{\"task_id\":"))) == value.at("payload"));
    }
}

TEST_CASE("any bytes make valid JSON", "[format]") {
    std::mt19937 random(hindsight::test::random_seed());
    for (int round = 0; round != 2000; ++round) {
        const std::string source = random_bytes(random);
        const std::string name = random_bytes(random);
        const std::string other_name = random_bytes(random);
        const std::string payload = random_bytes(random);
        const std::string text = to_json(make_record(
            TaskCompleted{payload, 0}, {.source = source, .metadata = {{name, payload}, {other_name, source}}}));
        CAPTURE(text);
        const json::value value = json::parse(text);
        REQUIRE(metadata_member(value).size() == 2);
        REQUIRE(is_one_printable_line(text));
    }
}

}  // namespace

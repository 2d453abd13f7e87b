#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/random.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/format.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/read_json_lines.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
namespace json = boost::json;

namespace {

struct Measured {
    static constexpr std::string_view event_name = "sensor.measured";
    static constexpr Severity event_severity = Severity::debug;
    double value = 0;
};
BOOST_DESCRIBE_STRUCT(Measured, (), (value))

struct Undescribed {
    static constexpr std::string_view event_name = "test.undescribed";
    int number = 0;
};

std::string written(const std::vector<Record>& records) {
    std::ostringstream out;
    write_json_lines(out, records);
    return out.str();
}

template <class... E>
JsonLines read(const std::string& text, const JsonLinesOptions& options = {}) {
    std::istringstream in(text);
    return read_json_lines<E...>(in, options);
}

/// One of each kind.
void fill(EventStore& store) {
    using namespace std::chrono_literals;
    store.append(OrderPlaced{.id = 7, .price = 0.1, .note = "n", .lines = {{"pen", 2}}},
                 {.source = "shop", .severity = Severity::critical, .correlation = "c", .metadata = {{"a", "b"}}});
    store.append(OrderPlaced{.id = 8}, {.key = "k", .metadata = {{"a", "b"}, {"a", "c"}}});
    store.append(Measured{std::numeric_limits<double>::denorm_min()}, {.cause = 2, .time = TimePoint(-1ns)});
    store.append(NamedEvent{"system.started"}, {.time = TimePoint(1ns)});
    store.append(JsonEvent{"script.result", {{"values", {1, -2.5, "x", nullptr, true}}}});
    store.append(Undescribed{5});
    store.append(JsonEvent{"too.large", json::string(5000, 'x')}, {.source = "s"});
}

TEST_CASE("records read back are what they were", "[read_json_lines]") {
    EventStore store({.max_payload_bytes = 1000});
    fill(store);
    const std::vector<Record> before = store.query();
    const JsonLines lines = read<OrderPlaced, Measured>(written(before));
    CHECK(lines.refused_count == 0);
    REQUIRE(lines.records.size() == before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        const Record& record = lines.records[i];
        CAPTURE(i);
        CHECK(record == before[i]);
        CHECK(record.id() == before[i].id());
        CHECK(record.seq() == before[i].seq());
        CHECK(record.time() == before[i].time());
        CHECK(record.name() == before[i].name());
        CHECK(record.category() == before[i].category());
        CHECK(record.severity() == before[i].severity());
        CHECK(record.source() == before[i].source());
        CHECK(record.key() == before[i].key());
        CHECK(record.cause() == before[i].cause());
        CHECK(record.correlation() == before[i].correlation());
        CHECK(record.metadata() == before[i].metadata());
        CHECK(record.payload_bytes() == before[i].payload_bytes());
        CHECK(record.truncated() == before[i].truncated());
        CHECK(to_json(record) == to_json(before[i]));
    }
    CHECK(lines.records[0].as<OrderPlaced>().lines.at(0).article == "pen");
    CHECK(lines.records[2].as<Measured>().value == std::numeric_limits<double>::denorm_min());
    CHECK(lines.records[4].as<JsonEvent>().value.at("values").at(1) == -2.5);
    CHECK(lines.records[5].as<JsonEvent>().value.at("size") == 4);
    CHECK(lines.records[6].truncated());
}

TEST_CASE("what is read is written as the same bytes, with and without types", "[read_json_lines]") {
    EventStore store({.max_payload_bytes = 1000});
    fill(store);
    const std::string text = written(store.query());
    CHECK(written(read<>(text).records) == text);
    CHECK(written(read<OrderPlaced, Measured, OrderPaid>(text).records) == text);
    CHECK(read<>(text).records[0].get_if<JsonEvent>() != nullptr);
}

TEST_CASE("records of a file can be queried in a store", "[read_json_lines]") {
    EventStore original;
    fill(original);
    JsonLines lines = read<OrderPlaced>(written(original.query()));
    EventStore store;
    store.restore(std::move(lines.records));
    CHECK(store.query<OrderPlaced>().size() == 2);
    CHECK(seqs_of(store.query({.source = "shop"})) == Seqs{1});
    CHECK(seqs_of(store.query({.key = "k"})) == Seqs{2});
    CHECK(seqs_of(store.query({.pattern = "sensor.*"})) == Seqs{3});
    CHECK(seqs_of(store.query({.min_severity = Severity::critical})) == Seqs{1});
    CHECK(seqs_of(store.query({.until = TimePoint()})) == Seqs{3});
    CHECK(store.last_seq() == original.last_seq());
}

TEST_CASE("the library's own events are read, too", "[read_json_lines]") {
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    const auto failing = bus.subscribe<Measured>([](const Measured&) { throw 7; }, {.delivery = Delivery::direct});
    bus.emit(Measured{});
    const std::string text = written(bus.history().query({.pattern = "hindsight.*"}));
    const JsonLines lines = read<>(text);
    REQUIRE(lines.records.size() == 1);
    CHECK(lines.records[0].name() == "hindsight.handler_error");
    CHECK(written(lines.records) == text);
}

TEST_CASE("numbers are read exactly", "[read_json_lines]") {
    const auto seed = random_seed();
    CAPTURE(seed);
    Random random(1);
    EventStore store({.capacity = 2000});
    const std::vector<double> special{
        0.3, -0.0, 0.1 + 0.2, 1e22, 1e23, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 2.2250738585072014e-308};
    for (const double value : special) store.append(Measured{value});
    for (int i = 0; i < 1000; ++i) {
        std::uint64_t bits = 0;
        for (int part = 0; part < 4; ++part) bits = bits << 16 | static_cast<unsigned>(random.below(65536));
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        store.append(Measured{value});
    }
    const std::string text = written(store.query());
    CHECK(written(read<>(text).records) == text);
    CHECK(written(read<Measured>(text).records) == text);
}

std::string random_text(Random& random) {
    static const std::vector<std::string> pieces{"a",
                                                 "\"",
                                                 "\\",
                                                 "\n",
                                                 "\r\n",
                                                 "\t",
                                                 "\x01",
                                                 "\x7f",
                                                 "\xff",
                                                 "\xc3",
                                                 "\xc3\xa4",
                                                 "\xe2\x82",
                                                 "\u20ac",
                                                 "\xf0\x9f\x98\x80",
                                                 "\xed\xa0\x80",
                                                 std::string("\0", 1),
                                                 "{",
                                                 "}",
                                                 ",",
                                                 "\u2028",
                                                 "\u0085"};
    std::string text;
    for (int i = random.below(8); i > 0; --i) {
        text += pieces[static_cast<std::size_t>(random.below(static_cast<int>(pieces.size())))];
    }
    return text;
}

json::value random_value(Random& random, int depth) {
    switch (random.below(depth > 0 ? 8 : 6)) {
    case 0:
        return nullptr;
    case 1:
        return random.one_in(2);
    case 2:
        return random.below(1'000'000) - 500'000;
    case 3:
        return std::numeric_limits<std::uint64_t>::max() - static_cast<unsigned>(random.below(1000));
    case 4:
        return random.below(1'000'000) / 997.0;
    case 5:
        return json::value(json::string(random_text(random)));
    case 6: {
        json::array array;
        for (int i = random.below(4); i > 0; --i) array.push_back(random_value(random, depth - 1));
        return array;
    }
    default: {
        json::object object;
        // Distinct also once malformed UTF-8 is replaced.
        for (int i = random.below(4); i > 0; --i) {
            object[std::to_string(i) + random_text(random)] = random_value(random, depth - 1);
        }
        return object;
    }
    }
}

TEST_CASE("whatever stands in events, reading and writing gives the same bytes", "[read_json_lines]") {
    const auto seed = random_seed();
    CAPTURE(seed);
    Random random(2);
    EventStore store({.capacity = 2000});
    for (int i = 0; i < 500; ++i) {
        const std::string texts[]{random_text(random), random_text(random), random_text(random), random_text(random)};
        store.append(JsonEvent{random.one_in(2) ? "a.b" : "c", random_value(random, 4)},
                     {.source = texts[0],
                      .key = texts[1],
                      .severity = static_cast<Severity>(random.below(6)),
                      .correlation = texts[2],
                      .cause = static_cast<Seq>(random.below(3)),
                      .metadata = {{texts[2], texts[3]}, {texts[3], texts[0]}},
                      .time = TimePoint(std::chrono::nanoseconds(random.below(2'000'000'000) - 1'000'000'000))});
    }
    const std::string once = written(store.query());
    const JsonLines lines = read<>(once);
    CHECK(lines.refused_count == 0);
    CHECK(lines.records.size() == 500);
    CHECK(written(lines.records) == once);
}

}  // namespace

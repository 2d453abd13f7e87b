#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
namespace json = boost::json;

namespace {

struct Undescribed {
    static constexpr std::string_view event_name = "test.undescribed";
    int number = 0;
};

struct BadJson {
    static constexpr std::string_view event_name = "test.bad_json";
    std::string event_json() const { return "{bad"; }
};

std::string text_of(const Record& record) {
    return json::serialize(json_value(record));
}

TEST_CASE("a JSON event goes where events of its name go", "[json]") {
    EventBus bus{{.history = {.policies = {{"audio.*", KeepNone{}}, {"sensor.*", BucketRing{.capacity = 1}}}}}};
    std::vector<std::string> seen;
    const auto all = bus.subscribe(
        "order.*", [&](const Record& record) { seen.push_back(std::string(record.name()) + text_of(record)); },
        {.delivery = Delivery::direct});
    const auto large = bus.subscribe(
        "order.placed", [&](const Record&) { seen.push_back("large"); },
        {.delivery = Delivery::direct,
         .filter = where<JsonEvent>([](const JsonEvent& event) { return event.value.at("id").as_int64() > 100; })});
    const Receipt first = bus.emit(JsonEvent{"order.placed", {{"id", 7}}}, {.source = "shop"});
    bus.emit(JsonEvent{"order.placed", {{"id", 700}}});
    bus.emit(JsonEvent{"audio.level", 0.5});
    for (const int value : {1, 2, 3}) {
        const std::string key = value == 3 ? "b" : "a";
        bus.emit(JsonEvent{"sensor.read", value}, {.key = key});
    }
    CHECK(seen == std::vector<std::string>{R"(order.placed{"id":7})", R"(order.placed{"id":700})", "large"});
    CHECK(first.outcome == Outcome::recorded);

    EventStore& history = bus.history();
    CHECK(seqs_of(history.query({.name = "order.placed"})) == Seqs{1, 2});
    CHECK(seqs_of(history.query({.pattern = "order.*", .source = "shop"})) == Seqs{1});
    CHECK(seqs_of(history.query({.category = "sensor"})) == Seqs{5, 6});
    CHECK(seqs_of(history.query({.key = "b"})) == Seqs{6});
    CHECK(history.query({.category = "audio"}).empty());
    CHECK(history.query<JsonEvent>({.name = "order.placed"}).at(1)->value.at("id") == 700);
}

TEST_CASE("a JSON event's name is checked", "[json]") {
    EventBus bus;
    CHECK(refuses<InvalidName>("order placed", [&] { bus.emit(JsonEvent{"order placed", nullptr}); }));
    CHECK(refuses<InvalidName>("hindsight.x", [&] { bus.emit(JsonEvent{"hindsight.x", nullptr}); }));
    CHECK(bus.history().size() == 0);
}

TEST_CASE("a JSON event is written as its value", "[json]") {
    EventStore store;
    const std::string text = R"({"a":[1,-2,18446744073709551615,0.1,1e+22,true,null],"b":{"c":"\"\n\u007f"}})";
    const Record record = record_of(store, JsonEvent{"a.b", json::parse(text)});
    CHECK_THAT(to_json(record), Contains(",\"payload\":" + text + "}"));
}

TEST_CASE("the size of a JSON event is about what it takes in memory", "[json]") {
    EventStore store({.max_payload_bytes = 10'000});
    const auto bytes_of = [&](json::value value) {
        return record_of(store, JsonEvent{"a.b", std::move(value)}).payload_bytes();
    };
    CHECK(bytes_of(nullptr) == sizeof(JsonEvent) + 3);
    CHECK(bytes_of(json::string(1000, 'x')) >= 1000);
    CHECK(bytes_of(json::array(100, json::string(100, 'x'))) >= 10'000);
    CHECK(bytes_of({{"name", json::string(1000, 'x')}}) >= 1000 + sizeof(json::key_value_pair));
    CHECK(record_of(store, JsonEvent{"a.b", json::string(20'000, 'x')}).truncated());
}

TEST_CASE("the payload of any record can be had as JSON", "[json]") {
    EventStore store({.max_payload_bytes = 1000});
    CHECK(json_value(Record()).is_null());
    CHECK(text_of(record_of(store, JsonEvent{"a.b", {1, 2}})) == "[1,2]");
    CHECK(text_of(record_of(store, NamedEvent{"a.b"})) == "{}");
    CHECK(json_value(record_of(store, OrderPlaced{.id = 7, .price = 9.5})) ==
          json::parse(R"({"id":7,"price":9.5,"urgency":"low","note":null,"lines":[]})"));
    CHECK(json_value(record_of(store, Undescribed{})).at("size") == sizeof(Undescribed));
    CHECK(json_value(record_of(store, JsonEvent{"a.b", json::string(2000, 'x')})).is_null());
    CHECK_THROWS_AS(json_value(record_of(store, BadJson{})), boost::system::system_error);
}

}  // namespace

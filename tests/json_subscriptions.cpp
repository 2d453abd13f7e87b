// JSON events that reach typed subscriptions.
#include "support/catch.hpp"
#include "support/json_events.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/json.hpp>

#include <boost/describe/class.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
namespace json = boost::json;

namespace {

struct NotAnOrder {
    static constexpr std::string_view event_name = "order.placed";
};
BOOST_DESCRIBE_STRUCT(NotAnOrder, (), ())

/// Collects what the error handler of a bus is told.
struct Errors {
    BusOptions options() {
        return {.on_error = [this](const HandlerError& error) {
            const std::lock_guard lock(mutex);
            all.push_back(error);
        }};
    }
    std::string message(std::size_t index) const {
        try {
            std::rethrow_exception(all.at(index).error);
        } catch (const ConversionFailed& error) {
            return error.what();
        }
    }
    std::mutex mutex;
    std::vector<HandlerError> all;
};

TEST_CASE("typed subscriptions get JSON events of their name converted", "[json]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    OrderPlaced seen;
    std::vector<Record> records;
    const auto of_event =
        bus.subscribe<OrderPlaced>([&](const OrderPlaced& order) { seen = order; }, {.delivery = delivery});
    const auto of_both = bus.subscribe<OrderPlaced>(
        [&](const OrderPlaced& order, const Record& record) {
            records.push_back(record);
            CHECK(&order == record.get_if<OrderPlaced>());
        },
        {.delivery = delivery});
    const Receipt receipt = bus.emit(JsonEvent{"order.placed", order_json(7)},
                                     {.source = "script", .correlation = "c", .metadata = {{"a", "b"}}});
    receipt.wait();

    CHECK(receipt.matched == 2);
    CHECK(seen.id == 7);
    CHECK(seen.price == 9.5);
    CHECK(seen.urgency == Urgency::high);
    CHECK_FALSE(seen.note);
    REQUIRE(seen.lines.size() == 1);
    CHECK(seen.lines[0].article == "pen");
    REQUIRE(records.size() == 1);
    CHECK(records[0].seq() == 1);
    CHECK(records[0].name() == "order.placed");
    CHECK(records[0].category() == "order");
    CHECK(records[0].source() == "script");
    CHECK(records[0].key() == "script");  // the emitter's, whatever the type says
    CHECK(records[0].correlation() == "c");
    CHECK(records[0].metadata("a") == "b");
    CHECK_FALSE(records[0].get_if<JsonEvent>());

    const Record kept = bus.history().find(1).value();
    CHECK(kept == records[0]);
    CHECK(kept.time() == records[0].time());
    CHECK(kept.as<JsonEvent>().value == order_json(7));
    CHECK(bus.history().query<OrderPlaced>().empty());
}

TEST_CASE("typed and JSON events of one name come in one order", "[json]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    Seqs seqs;
    std::vector<int> ids;
    const auto orders = bus.subscribe<OrderPlaced>(
        [&](const OrderPlaced& order, const Record& record) {
            ids.push_back(order.id);
            seqs.push_back(record.seq());
        },
        {.delivery = delivery});
    for (int id = 0; id < 6; ++id) {
        if (id % 2 == 0) {
            bus.emit(OrderPlaced{.id = id});
        } else {
            bus.emit(JsonEvent{"order.placed", order_json(id)}).wait();
        }
    }
    bus.shutdown(std::chrono::seconds(5));
    CHECK(ids == std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(seqs == Seqs{1, 2, 3, 4, 5, 6});
    CHECK(bus.history().query({.name = "order.placed"}).size() == 6);
    CHECK(bus.history().query<OrderPlaced>().size() == 3);
    CHECK(bus.history().query<JsonEvent>().size() == 3);
}

TEST_CASE("filters on the type see JSON events converted", "[json]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    std::vector<int> ids;
    const auto even = bus.subscribe<OrderPlaced>(
        [&](const OrderPlaced& order) { ids.push_back(order.id); },
        {.delivery = delivery,
         .filter = where<OrderPlaced>([](const OrderPlaced& order) { return order.id % 2 == 0; })});
    for (const int id : {1, 2, 3, 4}) bus.emit(JsonEvent{"order.placed", order_json(id)}).wait();
    CHECK(ids == std::vector<int>{2, 4});
    CHECK(even.stats().filtered == 2);
}

TEST_CASE("subscriptions that join late get JSON events converted, too", "[json][promise-10]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    Errors errors;
    EventBus bus(errors.options());
    accept_json<OrderPlaced>(bus);
    for (const int id : {1, 2}) bus.emit(JsonEvent{"order.placed", order_json(id)});
    const Receipt bad = bus.emit(JsonEvent{"order.placed", "nothing"});
    bus.emit(OrderPlaced{.id = 4});
    bus.emit(JsonEvent{"order.placed", order_json(5)});
    const auto join = [&](SubscribeOptions options) {
        std::vector<int> ids;
        Seqs seqs;
        options.delivery = delivery;
        const auto late = bus.subscribe<OrderPlaced>(
            [&](const OrderPlaced& order, const Record& record) {
                ids.push_back(order.id);
                seqs.push_back(record.seq());
            },
            std::move(options));
        bus.emit(JsonEvent{"order.placed", order_json(7)}).wait();
        CHECK(std::ranges::is_sorted(seqs));
        return ids;
    };
    CHECK(join({.replay = Replay::from_seq(1)}) == std::vector<int>{1, 2, 4, 5, 7});
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.all[0].record.seq() == bad.seq);
    CHECK(join({.replay = Replay::last(2)}) == std::vector<int>{5, 7, 7});
    CHECK(
        join({.filter = where<OrderPlaced>([](const OrderPlaced& order) { return order.id % 4 == 1 || order.id == 7; }),
              .replay = Replay::last(2)}) == std::vector<int>{7, 7, 7});
    CHECK(join({.filter = where<OrderPlaced>([](const OrderPlaced& order) { return order.id > 4; }),
                .replay = Replay::last_per_key()}) == std::vector<int>{7, 7});
}

TEST_CASE("an event is converted once, and only for typed subscriptions", "[json]") {
    EventBus bus;
    accept_json<OrderPaid>(bus);
    int conversions = 0;
    const WhileConverting count([&] { ++conversions; });
    const auto any = bus.subscribe("*", [](const Record&) {}, {.delivery = Delivery::direct});
    bus.emit(JsonEvent{"order.paid", 5});
    CHECK(conversions == 0);
    std::atomic<std::int64_t> sum = 0;
    const auto handle = [&](const OrderPaid& paid) { sum += paid.cents; };
    const auto one = bus.subscribe<OrderPaid>(handle, {.delivery = Delivery::direct});
    const auto other = bus.subscribe<OrderPaid>(handle);
    const auto third = bus.subscribe<OrderPaid>(handle);
    CHECK(bus.emit(JsonEvent{"order.paid", 5}).matched == 4);
    bus.shutdown(std::chrono::seconds(5));
    CHECK(conversions == 1);
    CHECK(sum == 15);
}

TEST_CASE("data that does not convert is a failure of each typed subscription", "[json]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    Errors errors;
    EventBus bus(errors.options());
    accept_json<OrderPlaced, OrderPaid>(bus);
    std::atomic<int> calls{0};
    int seen = 0;
    const auto orders =
        bus.subscribe<OrderPlaced>([&](const OrderPlaced&) { ++calls; }, {.name = "orders", .delivery = delivery});
    const auto more = bus.subscribe<OrderPlaced>([&](const OrderPlaced&) { ++calls; }, {.delivery = delivery});
    const auto any = bus.subscribe("order.*", [&](const Record&) { ++seen; }, {.delivery = delivery});
    const auto paid = bus.subscribe<OrderPaid>([&](const OrderPaid&) { ++calls; }, {.delivery = delivery});

    json::value data = order_json(7);
    data.at("lines").at(0).at("count") = "two";
    const Receipt receipt = bus.emit(JsonEvent{"order.placed", data});
    receipt.wait();
    CHECK(receipt.outcome == Outcome::recorded);
    CHECK(receipt.matched == 1);
    bus.emit(JsonEvent{"order.paid", "much"}).wait();
    CHECK(calls == 0);
    CHECK(seen == 2);
    REQUIRE(errors.all.size() == 3);
    CHECK(errors.all[0].handler == "orders");
    CHECK(errors.all[0].record.seq() == receipt.seq);
    CHECK(errors.all[0].record.get_if<JsonEvent>());
    CHECK(errors.message(0) == "the data of \"order.placed\" does not convert to hindsight::test::OrderPlaced: "
                               ".lines[0].count: a number was expected, not text");
    CHECK_THAT(errors.message(2), Contains("OrderPaid: an amount is a whole number"));
    CHECK(orders.stats().failed == 1);
    CHECK(orders.stats().delivered == 0);
    CHECK(bus.stats().failed == 3);
    CHECK(bus.history().query<HandlerError>().size() == 3);
    CHECK(bus.history().query<HandlerError>().front().cause() == receipt.seq);

    bus.emit(JsonEvent{"order.placed", order_json(8)}).wait();
    CHECK(calls == 2);
}

TEST_CASE("a bus that was not told how to convert says what is missing", "[json]") {
    Errors errors;
    EventBus bus(errors.options());
    int calls = 0;
    const auto lost = bus.subscribe<OrderLost>([&](const OrderLost&) { ++calls; }, {.delivery = Delivery::direct});
    bus.emit(JsonEvent{"order.lost", "at sea"});
    bus.emit(OrderLost{"at sea"});
    CHECK(calls == 1);
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.message(0) ==
          "\"order.lost\" was emitted as hindsight::JsonEvent, which this bus cannot read as "
          "hindsight::test::OrderLost; call hindsight::accept_json<hindsight::test::OrderLost>(bus) "
          "first");
    CHECK(lost.stats().failed == 1);
}

TEST_CASE("a bus can be told how to convert at any time, and by its callback manager", "[json]") {
    Errors errors;
    EventBus bus(errors.options());
    std::vector<int> ids;
    const auto orders = bus.subscribe<OrderPlaced>([&](const OrderPlaced& order) { ids.push_back(order.id); },
                                                   {.delivery = Delivery::direct});
    bus.emit(JsonEvent{"order.placed", order_json(1)});
    accept_json<OrderPlaced>(bus.callbacks());
    bus.emit(JsonEvent{"order.placed", order_json(2)});
    bus.retire<OrderPlaced>();
    bus.emit(JsonEvent{"order.placed", order_json(3)});
    CHECK(ids == std::vector<int>{2});
    CHECK(errors.all.size() == 2);
}

TEST_CASE("a conversion for a second type of a name is refused", "[json]") {
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    CHECK(refuses<TypeConflict>("order.placed", [&] { accept_json<NotAnOrder>(bus); }));
}

}  // namespace

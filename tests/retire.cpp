// Taking all events of a type out of a bus, before the code that knows the type goes.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Lagged;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace retire {

struct Guest {
    static constexpr std::string_view event_name = "plugin.guest";
    std::shared_ptr<int> token = {};
};

struct OtherGuest {
    static constexpr std::string_view event_name = "plugin.other_guest";
};

}  // namespace retire

using namespace retire;

namespace {

TEST_CASE("retiring a type takes its events out of history", "[retire]") {
    EventBus bus;
    const auto token = std::make_shared<int>(0);
    for (int i = 0; i < 3; ++i) {
        bus.emit(Guest{token});
        bus.emit(Tick{i});
    }
    CHECK(token.use_count() == 4);
    CHECK(bus.retire<Guest>() == 0);
    CHECK(token.use_count() == 1);
    CHECK(bus.history().size() == 3);
    CHECK(bus.history().query({.name = "plugin.guest"}).empty());
    CHECK(bus.history().query<Tick>().size() == 3);
    CHECK(bus.history().last_seq() == 6);
    CHECK(bus.history().stats().evicted == 3);
}

TEST_CASE("retiring tells how many payloads are still held", "[retire]") {
    EventBus bus;
    bus.emit(Guest{});
    bus.emit(Guest{});
    std::vector<Record> held = bus.history().query({.name = "plugin.guest"});
    std::vector<Record> copies = held;
    CHECK(bus.retire<Guest>() == 2);
    copies.clear();
    held.pop_back();
    CHECK(bus.retire<Guest>() == 1);
    held.clear();
    CHECK(bus.retire<Guest>() == 0);
}

TEST_CASE("events that take the place of others of their type in a full history are counted", "[retire]") {
    EventBus bus({.history = {.capacity = 3}});
    const auto token = std::make_shared<int>(0);
    const Guest guest{token};
    std::vector<long> tokens;
    const auto subscription = bus.subscribe<Guest>(
        [&](const Guest& given) { tokens.push_back(given.token.use_count()); }, {.delivery = Delivery::direct});
    std::vector<Record> held;
    for (int i = 0; i < 100; ++i) {
        const auto receipt = bus.emit(guest);
        CHECK(receipt.seq == static_cast<hindsight::Seq>(i <= 70 ? i + 1 : i + 2));
        CHECK(receipt.matched == 1);
        if (i == 50) held = bus.history().query({.limit = 1});
        if (i == 70) bus.emit(Tick{1});
    }
    // Two here, and those in history; one more that is held.
    CHECK(tokens[49] == 2 + 3);
    CHECK(tokens[99] == 2 + 3 + 1);
    REQUIRE(held.size() == 1);
    CHECK(held[0].seq() == 51);
    CHECK(held[0].as<Guest>().token == token);
    CHECK(bus.history().stats().stored == 101);
    CHECK(bus.history().stats().evicted == 98);
    CHECK(bus.retire<Guest>() == 1);
    held.clear();
    CHECK(bus.retire<Guest>() == 0);
    CHECK(token.use_count() == 2);
}

TEST_CASE("retiring several types counts them together", "[retire]") {
    EventBus bus;
    bus.emit(Guest{});
    bus.emit(OtherGuest{});
    {
        const auto held = bus.history().query({.category = "plugin"});
        REQUIRE(held.size() == 2);
        CHECK(bus.retire<Guest, OtherGuest>() == 2);
    }
    CHECK(bus.retire<Guest, OtherGuest>() == 0);
    CHECK(bus.history().size() == 0);
}

TEST_CASE("retiring takes events out of every kind of mailbox and completes their receipts", "[retire]") {
    const auto overflow = GENERATE(Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::conflate);
    EventBus bus({.pool = {.threads = 0}});
    std::string seen;
    const auto subscription = bus.subscribe("*", [&](const Record& record) { seen += record.key(); },
                                            {.mailbox = {.capacity = 10, .overflow = overflow}});
    const auto token = std::make_shared<int>(0);
    bus.emit(Tick{}, {.key = "a"});
    const auto receipt = bus.emit(Guest{token}, {.key = "X"});
    bus.emit(Tick{}, {.key = "b"});
    bus.emit(Guest{token}, {.key = "Y"});
    CHECK(bus.retire<Guest>() == 1);  // the receipt holds one
    CHECK(receipt.wait_for(hindsight::Duration::zero()));
    CHECK(subscription.stats().queue_depth == 2);
    CHECK(subscription.stats().discarded == 2);
    CHECK(bus.stats().discarded == 2);
    bus.run_pending();
    CHECK(seen == "ab");
    bus.emit(Tick{}, {.key = "c"});
    bus.run_pending();
    CHECK(seen == "abc");
    const auto stats = bus.stats();
    CHECK(stats.matched == stats.delivered + stats.discarded);
}

TEST_CASE("the failures of a type's handlers, which hold its events, go with it", "[retire]") {
    EventBus bus({.on_error = [](const HandlerError&) {}});
    const auto token = std::make_shared<int>(0);
    Subscription failing = bus.subscribe<Guest>([](const Guest&) { throw 1; }, {.delivery = Delivery::direct});
    bus.emit(Guest{token});
    CHECK(bus.history().query({.name = "hindsight.handler_error"}).size() == 1);
    failing.disconnect();
    CHECK(bus.retire<Guest>() == 0);
    CHECK(token.use_count() == 1);
    CHECK(bus.history().query({.name = "hindsight.handler_error"}).empty());
}

TEST_CASE("holes before events that stay are still announced after a type was retired", "[retire][promise-8]") {
    EventBus bus({.pool = {.threads = 0}});
    std::string told;
    const auto subscription = bus.subscribe(
        "*", [&](const Record& record) { told += " " + std::to_string(record.seq()); },
        {.mailbox = {.capacity = 3, .overflow = Overflow::drop_oldest}, .on_lagged = [&](const Lagged& hole) {
             told += " [" + std::to_string(hole.first) + "-" + std::to_string(hole.last) + "]";
         }});
    for (int i = 0; i < 4; ++i) bus.emit(Tick{});
    SECTION("behind them") {
        bus.emit(Guest{});
    }
    SECTION("right before them, with the hole") {
        // In the end the guest stands right behind the hole of 1 to 4.
        bus.emit(Guest{});
        bus.emit(Tick{});
        bus.emit(Tick{});
        bus.retire<Guest>();
        bus.run_pending();
        CHECK(told == " [1-4] 6 7");
        return;
    }
    bus.retire<Guest>();
    bus.run_pending();
    CHECK(told == " [1-2] 3 4");
}

TEST_CASE("a retired type can be emitted again", "[retire]") {
    EventBus bus;
    int calls = 0;
    const auto subscription = bus.subscribe<Guest>([&](const Guest&) { ++calls; }, {.delivery = Delivery::direct});
    bus.emit(Guest{});
    CHECK(bus.retire<Guest>() == 0);
    bus.emit(Guest{});
    CHECK(calls == 2);
    CHECK(bus.history().size() == 1);
}

TEST_CASE("a type that was never emitted can be retired", "[retire]") {
    EventBus bus;
    CHECK(bus.retire<OtherGuest>() == 0);
}

}  // namespace

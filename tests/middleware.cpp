// What events go through before anything else: order, and what it may change.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/callback_manager.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/replaying.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Middleware;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Severity;
using namespace hindsight::test;

namespace {

/// An event that counts its copies.
struct Copied {
    static constexpr std::string_view event_name = "test.copied";
    explicit Copied(int& copies_) : copies(&copies_) {}
    Copied(const Copied& other) : number(other.number), copies(other.copies) { ++*copies; }
    Copied(Copied&&) noexcept = default;
    Copied& operator=(const Copied&) = delete;
    Copied& operator=(Copied&&) = delete;
    ~Copied() = default;
    int number = 0;
    int* copies;
};

/// An event that knows its size.
struct Large {
    static constexpr std::string_view event_name = "test.large";
    std::string text;
    std::size_t event_payload_bytes() const { return text.size(); }
};

TEST_CASE("middleware changes what history and handlers get", "[middleware]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    std::vector<Record> seen;
    const auto handler =
        bus.subscribe<Price>([&](const Record& record) { seen.push_back(record); }, {.delivery = delivery});
    const auto middleware = bus.use<Price>([](Price& price, DraftView& draft) {
        price.cents += 5;
        draft.set_source("middleware");
        draft.set_severity(Severity::warning);
        draft.set_correlation("order-1");
        draft.set_metadata("tenant", "acme");
    });
    const Price apple{"apple", 10};
    const Receipt receipt = bus.emit(apple, {.source = "emitter", .metadata = {{"first", "1"}, {"tenant", "?"}}});
    receipt.wait();
    CHECK(apple.cents == 10);
    REQUIRE(seen.size() == 1);
    const Record& record = seen[0];
    CHECK(record.as<Price>().cents == 15);
    CHECK(record.source() == "middleware");
    CHECK(record.severity() == Severity::warning);
    CHECK(record.correlation() == "order-1");
    CHECK(record.metadata("tenant") == "acme");
    CHECK(record.metadata("first") == "1");
    CHECK(record.metadata().size() == 2);
    CHECK(record.key() == "apple");
    CHECK(bus.history().query().at(0) == record);
}

TEST_CASE("events go through middleware in the order of use, whatever it is for", "[middleware]") {
    EventBus bus;
    std::string order;
    const auto note = [&](std::string_view text) { return [&order, text](DraftView&) { order += text; }; };
    const auto first = bus.use("test.*", note("a"));
    const auto second = bus.use<Tick>(note("b"));
    const auto third = bus.use(note("c"));
    const auto fourth = bus.use("test.tick", note("d"));
    const auto fifth = bus.use<Tock>(note("e"));
    bus.emit(Tick{});
    CHECK(order == "abcd");
    order.clear();
    bus.emit(Tock{});
    CHECK(order == "ace");
    order.clear();
    bus.emit(Price{});
    CHECK(order == "c");
}

TEST_CASE("middleware sees what the one before it has changed", "[middleware]") {
    EventBus bus;
    const auto first = bus.use<Tick>([](Tick& tick, DraftView& draft) {
        tick.number *= 2;
        draft.set_key("first");
        draft.set_metadata("a", "1");
        draft.set_metadata("b", "2");
        draft.remove_metadata("a");
    });
    std::string seen;
    const auto second = bus.use<Tick>([&](const Tick& tick, DraftView& draft) {
        seen = std::to_string(tick.number) + std::string(draft.key()) + std::to_string(draft.metadata().size()) +
               std::string(draft.metadata("b").value_or("?"));
        draft.set_metadata("b", "3");
    });
    const auto third = bus.use<Tick>([](Tick& tick) { ++tick.number; });
    bus.emit(Tick{4});
    CHECK(seen == "8first12");
    const auto records = bus.history().query();
    CHECK(records[0].as<Tick>().number == 9);
    CHECK(records[0].metadata("b") == "3");
    CHECK_FALSE(records[0].metadata("a"));
}

TEST_CASE("middleware sees everything that the emitter says", "[middleware]") {
    const auto clock = std::make_shared<hindsight::ManualClock>(hindsight::TimePoint(std::chrono::hours(5)));
    EventBus bus({.clock = clock});
    int calls = 0;
    const auto middleware = bus.use([&](DraftView& draft) {
        CHECK(draft.name() == "market.price");
        CHECK(draft.source() == "here");
        CHECK(draft.key() == "apple");
        CHECK(draft.correlation() == "c");
        CHECK(draft.cause() == 17);
        CHECK(draft.severity() == Severity::debug);
        CHECK(draft.metadata("m") == "1");
        CHECK_FALSE(draft.metadata("n"));
        CHECK(draft.now() == clock->now());
        CHECK_FALSE(draft.replayed());
        CHECK(draft.get_if<Price>()->cents == 3);
        CHECK(draft.get_if<Tick>() == nullptr);
        CHECK(draft.edit_if<Tick>() == nullptr);
        ++calls;
    });
    bus.emit(
        Price{"apple", 3},
        {.source = "here", .severity = Severity::debug, .correlation = "c", .cause = 17, .metadata = {{"m", "1"}}});
    CHECK(calls == 1);
    const Record record = bus.history().query().at(0);
    CHECK(record.cause() == 17);
    CHECK(record.key() == "apple");
    CHECK(record.severity() == Severity::debug);
}

TEST_CASE("an event is copied for middleware only if it is changed and the emitter keeps it", "[middleware]") {
    EventBus bus;
    int copies = 0;
    Copied event(copies);
    Middleware middleware;
    SECTION("looking at it does not copy") {
        middleware = bus.use<Copied>([](const Copied&, DraftView& draft) { draft.get_if<Copied>(); });
        bus.emit(event);
        CHECK(copies == 1);  // into history
        bus.emit(std::move(event));
        CHECK(copies == 1);
    }
    SECTION("changing it copies once, and what was copied is moved on") {
        middleware = bus.use<Copied>([](Copied& changed) { changed.number = 7; });
        const Middleware again = bus.use<Copied>([](Copied& changed) { ++changed.number; });
        bus.emit(event);
        CHECK(copies == 1);
        CHECK(event.number == 0);
        bus.emit(std::move(event));
        CHECK(copies == 1);
        for (const Record& record : bus.history().query()) CHECK(record.as<Copied>().number == 8);
    }
}

TEST_CASE("middleware may change events that cannot be copied, and take any callable", "[middleware]") {
    EventBus bus;
    const auto generic = bus.use<Parcel>([](auto& parcel, DraftView&) { ++*parcel.content; });
    const auto function = bus.use<Parcel>(std::function<void(Parcel&)>([](Parcel& parcel) { ++*parcel.content; }));
    const auto move_only =
        bus.use<Parcel>([by = std::make_unique<int>(5)](Parcel& parcel) mutable { *parcel.content += *by; });
    bus.emit(Parcel{std::make_unique<int>(1)});
    CHECK(*bus.history().query().at(0).as<Parcel>().content == 8);
}

TEST_CASE("a key that comes from a changed member is taken anew", "[middleware]") {
    EventBus bus;
    const auto middleware = bus.use<Price>([](Price& price) { price.symbol = "a much longer symbol than it was"; });
    bus.emit(Price{"apple", 1});
    CHECK(bus.history().query({.key = "a much longer symbol than it was"}).size() == 1);
    bus.emit(Price{"apple", 1}, {.key = "given"});
    CHECK(bus.history().query({.key = "given"}).size() == 1);
}

TEST_CASE("middleware is asked for events that nobody keeps and nobody handles", "[middleware]") {
    hindsight::CallbackManager callbacks;
    int calls = 0;
    const auto middleware = callbacks.use<Tick>([&](const Tick&, DraftView& draft) {
        ++calls;
        draft.veto("no");
    });
    CHECK(callbacks.emit(Tick{}).outcome == Outcome::vetoed);
    CHECK(calls == 1);
    CHECK(callbacks.subscription_count() == 0);
    CHECK(callbacks.stats().subscriptions.empty());
}

TEST_CASE("names beyond max_names go through middleware, too", "[middleware]") {
    EventBus bus({.max_names = 1});
    int calls = 0;
    const auto all = bus.use([&](DraftView& draft) {
        ++calls;
        draft.set_source("seen");
    });
    for (const char* const name : {"a.a", "b.b", "c.c"}) bus.emit(NamedEvent{name});
    CHECK(calls == 3);
    CHECK(bus.history().query({.source = "seen"}).size() == 3);
}

TEST_CASE("a replay goes through middleware", "[middleware]") {
    EventBus recorded;
    recorded.emit(Price{"apple", 1}, {.source = "shop", .metadata = {{"m", "1"}}});
    recorded.emit(Price{"pear", 2}, {.correlation = "c"});
    recorded.emit(Price{"plum", 3});
    recorded.emit(Price{"fig", 4});
    EventBus bus({.on_error = [](const HandlerError&) {}});
    const auto middleware = bus.use<Price>([](Price& price, DraftView& draft) {
        CHECK(draft.replayed());
        if (price.cents == 1) {
            CHECK(draft.source() == "shop");
            CHECK(draft.metadata("m") == "1");
            price.symbol = "orange";
            draft.set_metadata("n", "2");
        }
        if (price.cents == 3) draft.veto("no plums");
        if (price.cents == 4) throw std::runtime_error("no figs");
    });
    const auto report = hindsight::replay(recorded.history().query(), bus, {.speed = 1e9});
    CHECK(report.emitted == 2);
    REQUIRE(report.refusals.size() == 2);
    CHECK(report.refusals[0].reason == hindsight::ReplayRefusal::vetoed);
    CHECK(report.refusals[1].reason == hindsight::ReplayRefusal::middleware_failed);
    CHECK(to_string(report.refusals[1].reason) == "middleware failed");
    const auto records = bus.history().query();
    REQUIRE(records.size() == 2);
    CHECK(records[0].as<Price>().symbol == "orange");
    CHECK(records[0].key() == "orange");
    CHECK(records[0].source() == "shop");
    CHECK(records[0].metadata("m") == "1");
    CHECK(records[0].metadata("n") == "2");
    CHECK(records[0].replayed());
    CHECK(records[0].time() == recorded.history().query()[0].time());
    CHECK(records[1].as<Price>().symbol == "pear");
    CHECK(records[1].correlation() == "c");
    CHECK(records[1].replayed());
    CHECK(recorded.history().query()[0].as<Price>().symbol == "apple");
}

TEST_CASE("a payload that middleware makes too large is kept without it", "[middleware]") {
    EventBus bus({.history = {.max_payload_bytes = 100}});
    const auto middleware = bus.use<Large>([](Large& large) { large.text.append(1000, 'x'); });
    CHECK(bus.emit(Large{"small"}).outcome == Outcome::recorded);
    CHECK(bus.history().query().at(0).truncated());
    CHECK(bus.history().query().at(0).payload_bytes() == 1005);
}

}  // namespace

// What events go through before anything else: changing, vetoing, emitting, failing, removing.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/meddling.hpp"

#include <hindsight/callback_manager.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/replaying.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InvalidArgument;
using hindsight::Middleware;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Severity;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// Collects what the error handler of a bus is told.
struct Errors {
    hindsight::BusOptions options() {
        return {.on_error = [this](const HandlerError& error) { all.push_back(error); }};
    }
    std::vector<HandlerError> all;
};

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

constexpr auto fail = [](DraftView&) { throw std::runtime_error("middleware fails"); };

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

TEST_CASE("an event that names itself keeps its name", "[middleware]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto reading = bus.use<NamedEvent>([](const NamedEvent&, DraftView& draft) { draft.set_source("seen"); });
    const auto renaming = bus.use<NamedEvent>([](NamedEvent& event) {
        if (event.name == "job.begun") event.name = "job.ended";
    });
    CHECK(bus.emit(NamedEvent{"job.ended"}).outcome == Outcome::recorded);
    CHECK(bus.history().query({.name = "job.ended", .source = "seen"}).size() == 1);
    const Receipt receipt = bus.emit(NamedEvent{"job.begun"});
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason().find("\"job.begun\" was renamed to \"job.ended\"") != std::string_view::npos);
    CHECK(bus.history().query().size() == 1);
}

TEST_CASE("a vetoed event reaches nobody, takes no seq, and its receipt says why", "[middleware][promise-8]") {
    const bool kept = GENERATE(true, false);
    EventBus bus({.history = {.capacity = kept ? 100u : 0u}});
    int calls = 0, later = 0;
    const auto direct = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct});
    const auto gate = bus.use<Tick>(
        [](const Tick& tick, DraftView& draft) {
            if (tick.number % 2 == 0) return;
            draft.veto("odd numbers are not wanted");
            draft.veto("a second reason");
            CHECK(draft.vetoed());
        },
        {.name = "gate"});
    const auto after = bus.use([&](DraftView&) { ++later; });
    const Receipt refused = bus.emit(Tick{1});
    CHECK_FALSE(refused);
    CHECK(refused.seq == 0);
    CHECK(refused.outcome == Outcome::vetoed);
    CHECK(refused.reason() == "odd numbers are not wanted");
    CHECK(refused.refused_by() == "gate");
    CHECK_NOTHROW(refused.wait());
    CHECK(later == 0);
    const Receipt accepted = bus.emit(Tick{2});
    CHECK(accepted.seq == 1);
    CHECK(accepted.reason().empty());
    CHECK(accepted.refused_by().empty());
    CHECK(later == 1);
    CHECK(calls == 1);
    CHECK(bus.history().query().size() == (kept ? 1u : 0u));
    const auto stats = bus.stats();
    CHECK(stats.emitted == 1);
    CHECK(stats.refused_vetoed == 1);
    CHECK(stats.refused_failed == 0);
    CHECK(stats.delivered == 1);
    REQUIRE(stats.middleware.size() == 2);
    CHECK(stats.middleware[0].name == "gate");
    CHECK(stats.middleware[0].pattern == "test.tick");
    CHECK(stats.middleware[0].vetoed == 1);
    CHECK(stats.middleware[0].passed == 1);
    CHECK(stats.middleware[1].pattern == "*");
    CHECK(stats.middleware[1].passed == 1);
    CHECK(gate.stats().vetoed == 1);
    bus.reset_stats();
    CHECK(gate.stats().vetoed == 0);
    CHECK(gate.stats().passed == 0);
    CHECK(bus.stats().refused_vetoed == 0);
}

TEST_CASE("a receipt of a refused event outlives the bus", "[middleware][promise-13]") {
    Receipt receipt;
    {
        EventBus bus;
        const auto gate = bus.use([](DraftView& draft) { draft.veto("no"); });
        receipt = bus.emit(Tick{});
        CHECK(receipt.refused_by() == "#" + std::to_string(gate.id()));
    }
    CHECK(receipt.reason() == "no");
}

TEST_CASE("middleware that throws refuses the event and is reported", "[middleware][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    std::vector<Record> failures;
    const auto watcher = bus.subscribe<HandlerError>([&](const Record& record) { failures.push_back(record); },
                                                     {.delivery = Delivery::direct});
    int calls = 0;
    const auto handler = bus.subscribe("test.*", [&](const Record&) { ++calls; }, {.delivery = Delivery::direct});
    const auto middleware = bus.use<Tick>(fail, {.name = "broken"});
    const Receipt receipt =
        bus.emit(Tick{3}, {.source = "here", .key = "secret", .correlation = "c", .metadata = {{"secret", "1"}}});
    CHECK(receipt.seq == 0);
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason() == "middleware fails");
    CHECK(receipt.refused_by() == "broken");
    CHECK(bus.emit(Tock{}));
    CHECK(calls == 1);
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.all[0].handler == "broken");
    CHECK_THROWS_WITH(std::rethrow_exception(errors.all[0].error), "middleware fails");
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].correlation() == "c");
    const Record& refused = failures[0].as<HandlerError>().record;
    CHECK(refused.name() == "test.tick");
    CHECK(refused.source() == "here");
    CHECK(refused.seq() == 0);
    // What it was to take out must not stand in history all the same.
    CHECK(refused.truncated());
    CHECK(refused.get_if<Tick>() == nullptr);
    CHECK(refused.key().empty());
    CHECK(refused.metadata().empty());
    const auto stats = bus.stats();
    CHECK(stats.refused_failed == 1);
    CHECK(stats.failed == 1);
    CHECK(stats.emitted == 2);  // the failure and the other event
    CHECK(middleware.stats().failed == 1);
    CHECK(middleware.stats().passed == 0);
}

TEST_CASE("a failure of middleware is not thrown at the emitter, whatever the error policy", "[middleware]") {
    EventBus bus({.errors = hindsight::ErrorPolicy::rethrow, .on_error = [](const HandlerError&) {}});
    const auto middleware = bus.use([](DraftView&) { throw 7; });
    Receipt receipt;
    CHECK_NOTHROW(receipt = bus.emit(Tick{}));
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason() == "an exception that is not a std::exception");
}

TEST_CASE("failing middleware for failures does not recurse", "[middleware][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto on_tick = bus.use<Tick>(fail, {.name = "on tick"});
    const auto on_failure =
        bus.use<HandlerError>([](const HandlerError&) { throw std::runtime_error("again"); }, {.name = "on failure"});
    CHECK(bus.emit(Tick{}).outcome == Outcome::middleware_failed);
    REQUIRE(errors.all.size() == 2);
    CHECK(errors.all[0].handler == "on failure");
    CHECK(errors.all[1].handler == "on tick");
}

TEST_CASE("bad input to a draft refuses the event and names the culprit", "[middleware]") {
    Errors errors;
    EventBus bus(errors.options());
    const std::string long_text(70'000, 'x');
    std::string culprit;
    std::function<void(DraftView&)> change;
    SECTION("a veto without a reason") {
        change = [](DraftView& draft) { draft.veto(""); };
        culprit = "veto: the reason is empty";
    }
    SECTION("a source that is too long") {
        change = [&](DraftView& draft) { draft.set_source(long_text); };
        culprit = "the source has 70000 bytes";
    }
    SECTION("a key that is too long") {
        change = [&](DraftView& draft) { draft.edit_if<Price>()->symbol = long_text; };
        culprit = "the key has 70000 bytes";
    }
    SECTION("a correlation that is too long") {
        change = [&](DraftView& draft) { draft.set_correlation(long_text); };
        culprit = "the correlation has 70000 bytes";
    }
    SECTION("a severity that is none") {
        change = [](DraftView& draft) { draft.set_severity(static_cast<Severity>(77)); };
        culprit = "severity is no Severity";
    }
    int later = 0;
    const auto innocent = bus.use([](DraftView&) {}, {.name = "innocent"});
    const auto guilty = bus.use(change, {.name = "guilty"});
    const auto after = bus.use([&](DraftView&) { ++later; }, {.name = "after"});
    const Receipt receipt = bus.emit(Price{"apple", 1});
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.refused_by() == "guilty");
    CHECK(receipt.reason().find(culprit) != std::string_view::npos);
    CHECK(later == 0);
    REQUIRE(errors.all.size() == 1);
    CHECK_THROWS_AS(std::rethrow_exception(errors.all[0].error), InvalidArgument);
    CHECK(bus.history().query().empty());
}

TEST_CASE("bad input to use is refused and changes nothing", "[middleware]") {
    EventBus bus;
    CHECK_THROWS_AS(bus.use(std::function<void(DraftView&)>()).detach(), InvalidArgument);
    CHECK_THROWS_AS(bus.use<Tick>(std::function<void(Tick&)>()).detach(), InvalidArgument);
    CHECK_THROWS_AS(bus.use("bad..pattern", fail).detach(), hindsight::InvalidName);
    CHECK(bus.stats().middleware.empty());
    CHECK(bus.emit(Tick{}));
    bus.shutdown(std::chrono::seconds(1));
    CHECK_THROWS_AS(bus.use(fail).detach(), hindsight::Closed);
}

TEST_CASE("middleware may emit others, which inherit and go past it alone", "[middleware]") {
    EventBus bus;
    int outer = 0, other = 0;
    const auto audit = bus.use([&](DraftView&) {
        ++outer;
        bus.emit(Tock{outer});
    });
    const auto counting = bus.use([&](DraftView&) { ++other; });
    bus.emit(Tick{}, {.correlation = "c", .cause = 9});
    CHECK(outer == 1);
    CHECK(other == 2);
    const auto records = bus.history().query();
    REQUIRE(records.size() == 2);
    CHECK(records[0].name() == "test.tock");
    CHECK(records[0].correlation() == "c");
    CHECK(records[0].cause() == 9);
    CHECK(records[1].name() == "test.tick");
}

TEST_CASE("what middleware emits has the cause of the event that is emitted inside a handler", "[middleware]") {
    EventBus bus;
    const auto audit = bus.use<Tock>([&](const Tock&) { bus.emit(NamedEvent{"audit.tock"}); });
    const auto handler = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); }, {.delivery = Delivery::direct});
    const Receipt tick = bus.emit(Tick{}, {.correlation = "c"});
    const Record audited = bus.history().query({.name = "audit.tock"}).at(0);
    CHECK(audited.cause() == tick.seq);
    CHECK(audited.correlation() == "c");
    const Record tock = bus.history().query({.name = "test.tock"}).at(0);
    CHECK(tock.cause() == tick.seq);
}

TEST_CASE("middleware that emits for each other's events comes to an end", "[middleware][promise-9]") {
    EventBus bus({.max_depth = 10});
    int calls = 0;
    const auto ping = bus.use<Tick>([&](const Tick&) {
        ++calls;
        bus.emit(Tock{});
    });
    const auto pong = bus.use<Tock>([&](const Tock&) {
        ++calls;
        bus.emit(Tick{});
    });
    CHECK(bus.emit(Tick{}));
    CHECK(calls == 2);
}

TEST_CASE("an event meets middleware once, however often its emission begins again", "[middleware]") {
    EventBus bus({.pool = {.threads = 0}});
    std::vector<Subscription> late;
    int calls = 0;
    const auto middleware = bus.use<Tick>([&](Tick& tick) {
        ++calls;
        tick.number = 5;
        late.push_back(bus.subscribe<Tick>([](const Tick&) {}));
        bus.history().set_policies({});
    });
    int number = 0;
    const auto filtered = bus.subscribe<Tick>([&](const Tick& tick) { number = tick.number; },
                                              {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                   late.push_back(bus.subscribe<Tick>([](const Tick&) {}));
                                                   return true;
                                               }});
    const Tick given{1};
    const Receipt receipt = bus.emit(given);
    CHECK(calls == 1);
    CHECK(number == 5);
    CHECK(receipt.outcome == Outcome::recorded);
    CHECK(receipt.matched == 3);  // those that have subscribed meanwhile, too
    CHECK(given.number == 1);
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

TEST_CASE("middleware ends with its handle", "[middleware][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    {
        const auto middleware = bus.use([state](DraftView&) { ++*state; });
        CHECK(middleware.connected());
        bus.emit(Tick{});
        CHECK(*state == 1);
    }
    CHECK(state.use_count() == 1);
    bus.emit(Tick{});
    CHECK(*state == 1);
    CHECK(bus.stats().middleware.empty());

    Middleware second = bus.use([state](DraftView&) { ++*state; });
    Middleware moved = std::move(second);
    bus.emit(Tick{});
    CHECK(*state == 2);
    CHECK(moved.disconnect());
    CHECK(state.use_count() == 1);
    CHECK_FALSE(moved.connected());
    CHECK(moved.stats().passed == 1);
    CHECK(bus.stats().delivered == 0);

    bus.use([state](DraftView&) { ++*state; }).detach();
    bus.emit(Tick{});
    CHECK(*state == 3);
}

TEST_CASE("middleware may remove itself", "[middleware][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    Middleware middleware;
    SECTION("by its handle") {
        middleware = bus.use([&, state](DraftView&) {
            ++*state;
            CHECK_FALSE(middleware.disconnect());
        });
    }
    SECTION("as the innermost handler") {
        middleware = bus.use([state](DraftView&) {
            ++*state;
            CHECK(hindsight::this_handler::record() == nullptr);
            hindsight::this_handler::disconnect();
        });
    }
    CHECK(bus.emit(Tick{}));
    CHECK(bus.emit(Tick{}));
    CHECK(*state == 1);
    CHECK(state.use_count() == 1);
}

TEST_CASE("middleware may use the bus, and so may other threads meanwhile", "[middleware][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    const auto middleware = bus.use<Tick>([&](const Tick&) { use(); });
    CHECK(bus.emit(Tick{}));
    CHECK(use.runs == 1);
}

TEST_CASE("an event's copy, key and size functions may use the bus inside middleware", "[middleware][promise-4]") {
    EventBus bus;
    const auto middleware = bus.use<Meddler>([](Meddler&) {});
    const auto moment = GENERATE(Meddler::Moment::copy, Meddler::Moment::key, Meddler::Moment::size);
    Actions use{&bus};
    const Meddler event(moment);
    actions = &use;
    CHECK(bus.emit(event));
    actions = nullptr;
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
}

TEST_CASE("waiting inside middleware for a receipt would never end", "[middleware][promise-9]") {
    EventBus bus({.pool = {.threads = 0}});
    const auto handler = bus.subscribe<Tock>([](const Tock&) {});
    int thrown = 0;
    const auto middleware = bus.use<Tick>([&](const Tick&) {
        const Receipt receipt = bus.emit(Tock{});
        CHECK_THROWS_AS(receipt.wait(), hindsight::WouldDeadlock);
        ++thrown;
    });
    bus.emit(Tick{});
    CHECK(thrown == 1);
}

TEST_CASE("an event that middleware holds up while the bus ends is refused", "[middleware]") {
    const bool keeps = GENERATE(true, false);  // without history nothing else asks whether the bus is open
    auto bus = std::make_unique<EventBus>(hindsight::BusOptions{.history = {.capacity = keeps ? 100u : 0u}});
    int calls = 0;
    bus->subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct}).detach();
    const bool destroys = GENERATE(false, true);
    bus->use([&](DraftView&) {
           if (destroys) {
               bus.reset();
           } else {
               bus->shutdown(std::chrono::seconds(1));
           }
       })
        .detach();
    int redacted = 0;
    bus->use([&](DraftView&) { ++redacted; }).detach();
    const Receipt receipt = bus->emit(Tick{});
    CHECK(receipt.outcome == Outcome::closed);
    CHECK(receipt.seq == 0);
    CHECK(calls == 0);
    CHECK(redacted == 0);
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

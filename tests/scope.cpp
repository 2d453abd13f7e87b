// A bus within a bus: who is given what is emitted in a scope, and what belongs to it.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/replaying.hpp>
#include <hindsight/scope.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
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
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Query;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Scope;
using hindsight::SubscribeOptions;
using namespace hindsight::test;

namespace {

const SubscribeOptions direct{.delivery = Delivery::direct};

/// Notes "WHO:NUMBER" for each tick.
auto note(std::vector<std::string>& seen, std::string who) {
    return [&seen, who = std::move(who)](const Tick& tick) { seen.push_back(who + ":" + std::to_string(tick.number)); };
}

TEST_CASE("events of a scope reach it and what lies above it, not its siblings nor what lies below", "[scope]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus{{.pool = {.threads = 0}}};
    const Scope anthropic = bus.scope("provider.anthropic");
    const Scope session = anthropic.scope("session");
    const Scope provider = bus.scope("provider");
    const Scope sibling = bus.scope("provider.anthropic-2");
    CHECK(session.name() == "provider.anthropic.session");

    std::vector<std::string> seen;
    const SubscribeOptions options{.delivery = delivery};
    const auto a = session.subscribe<Tick>(note(seen, "session"), options);
    const auto b = anthropic.subscribe<Tick>(note(seen, "anthropic"), options);
    const auto c = provider.subscribe(
        "test.*", [&](const Record&) { seen.emplace_back("provider"); }, options);
    const auto d = sibling.subscribe<Tick>(note(seen, "sibling"), options);
    const auto e = bus.subscribe<Tick>(note(seen, "bus"), options);
    const auto emitted = [&](const auto& place, int number) {
        seen.clear();
        CHECK(place.emit(Tick{number}).seq != 0);
        bus.run_pending();
        return seen;
    };
    using Seen = std::vector<std::string>;
    // Twice: once with the subscribers collected anew, once as they are.
    for (int turn = 0; turn < 2; ++turn) {
        CHECK(emitted(session, 1) == Seen{"session:1", "anthropic:1", "provider", "bus:1"});
        CHECK(emitted(anthropic, 2) == Seen{"anthropic:2", "provider", "bus:2"});
        CHECK(emitted(provider, 3) == Seen{"provider", "bus:3"});
        CHECK(emitted(sibling, 4) == Seen{"provider", "sibling:4", "bus:4"});
        seen.clear();
        bus.emit(Tick{5});
        bus.run_pending();
        CHECK(seen == Seen{"bus:5"});
    }
}

TEST_CASE("subscribing and unsubscribing anywhere above concerns the next event of a scope", "[scope]") {
    EventBus bus;
    const Scope lower = bus.scope("a.b");
    std::vector<std::string> seen;
    CHECK(lower.emit(Tick{1}).matched == 0);
    const Scope upper = bus.scope("a");
    auto wide = upper.subscribe(
        "*", [&](const Record& record) { seen.emplace_back(record.name()); }, direct);
    auto typed = bus.subscribe<Tick>(note(seen, "bus"), direct);
    CHECK(lower.emit(Tick{2}).matched == 2);
    CHECK(lower.emit(NamedEvent{"some.name"}).matched == 1);
    wide.disconnect();
    CHECK(lower.emit(NamedEvent{"some.name"}).matched == 0);
    CHECK(lower.emit(Tick{3}).matched == 1);
    auto exact = upper.subscribe(
        "some.name", [&](const Record&) { seen.emplace_back("exact"); }, direct);
    CHECK(lower.emit(NamedEvent{"some.name"}).matched == 1);
    typed.disconnect();
    CHECK(lower.emit(Tick{4}).matched == 0);
    CHECK(seen == std::vector<std::string>{"test.tick", "bus:2", "some.name", "bus:3", "exact"});
}

TEST_CASE("a record knows its scope, and so do its texts", "[scope]") {
    EventBus bus;
    const Scope scope = bus.scope("provider.anthropic");
    Record handled;
    const auto s = scope.subscribe<Price>([&](const Record& record) { handled = record; }, direct);
    scope.emit(Price{"apple", 10}, {.source = "shop", .correlation = "c", .metadata = {{"tenant", "acme"}}});
    bus.emit(Price{"pear", 20});
    const std::vector<Record> all = bus.history().query();
    REQUIRE(all.size() == 2);
    CHECK(handled == all[0]);
    CHECK(all[0].scope() == "provider.anthropic");
    CHECK(all[0].key() == "apple");
    CHECK(all[0].correlation() == "c");
    CHECK(all[0].metadata("tenant") == "acme");
    CHECK(all[1].scope().empty());
    CHECK(hindsight::to_json(all[0]).find(R"("key":"apple","scope":"provider.anthropic","correlation":"c")") !=
          std::string::npos);
    CHECK(hindsight::to_json(all[1]).find("scope") == std::string::npos);
    CHECK(hindsight::detail::to_line(all[0]).find(" key=apple scope=provider.anthropic ") != std::string::npos);
}

TEST_CASE("history answers for a scope and what lies below it", "[scope]") {
    EventBus bus;
    const Scope a = bus.scope("a");
    const Scope b = a.scope("b");
    const Scope other = bus.scope("a-b");
    a.emit(Price{"apple", 1});
    b.emit(Price{"apple", 2});
    other.emit(Price{"apple", 3});
    bus.emit(Price{"apple", 4});
    b.emit(Tick{5});

    CHECK(a.history().size() == 3);
    CHECK(b.history().size() == 2);
    CHECK(bus.scope("unused").history().empty());
    CHECK(a.history().query().back().seq() == 5);
    CHECK(a.history().query({.limit = 1, .take = hindsight::Take::oldest}).at(0).seq() == 1);
    CHECK(a.history().query<Price>().size() == 2);
    CHECK(a.history().query({.scope = "b"}).size() == 2);
    CHECK(a.history().latest<Price>("apple").value()->cents == 2);
    CHECK(other.history().latest<Price>("apple").value()->cents == 3);
    CHECK_FALSE(other.history().latest<Price>("pear"));
    CHECK(b.history().latest<Tick>().value()->number == 5);
    CHECK(bus.history().query({.scope = "a"}).size() == 3);
    CHECK(bus.history().query({.name = "market.price", .scope = "a.b"}).size() == 1);
    CHECK(bus.history().query().size() == 5);
    CHECK(refuses<hindsight::InvalidName>("a..b", [&] { (void)bus.history().query({.scope = "a..b"}); }));
}

TEST_CASE("joining late in a scope gives the past of the scope only", "[scope]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus{{.pool = {.threads = 0}}};
    const Scope a = bus.scope("a");
    const Scope b = a.scope("b");
    for (int i = 1; i <= 3; ++i) {
        bus.emit(Tick{i});
        a.emit(Tick{10 + i});
        b.emit(Tick{20 + i});
    }
    std::vector<int> seen;
    const auto s = a.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                                     {.delivery = delivery, .replay = Replay::last(3)});
    a.emit(Tick{14});
    bus.run_pending();
    CHECK(seen == std::vector<int>{22, 13, 23, 14});
}

TEST_CASE("what a handler emits on the bus is not in the handler's scope", "[scope]") {
    EventBus bus;
    const Scope scope = bus.scope("a");
    const auto s = scope.subscribe<Tick>(
        [&](const Tick& tick) {
            bus.emit(Tock{tick.number});
            scope.emit(Tock{tick.number + 1});
        },
        direct);
    const auto first = scope.emit(Tick{1});
    const auto tocks = bus.history().query<Tock>();
    REQUIRE(tocks.size() == 2);
    CHECK(tocks[0].scope().empty());
    CHECK(tocks[1].scope() == "a");
    CHECK(tocks[0].cause() == first.seq);
    CHECK(tocks[1].cause() == first.seq);
}

TEST_CASE("middleware of a scope is for what is emitted in it and below it", "[scope]") {
    EventBus bus;
    const Scope a = bus.scope("a");
    const Scope b = a.scope("b");
    const auto all =
        bus.use([](DraftView& draft) { draft.set_metadata("in", draft.scope().empty() ? "bus" : draft.scope()); });
    const auto changing = a.use<Tick>([](Tick& tick) { tick.number += 100; });
    const auto vetoing = b.use([](DraftView& draft) { draft.veto("not here"); });
    bus.emit(Tick{1});
    a.emit(Tick{2});
    CHECK(b.emit(Tick{3}).outcome == Outcome::vetoed);
    const auto ticks = bus.history().query<Tick>();
    REQUIRE(ticks.size() == 2);
    CHECK(ticks[0]->number == 1);
    CHECK(ticks[0].metadata("in") == "bus");
    CHECK(ticks[1]->number == 102);
    CHECK(ticks[1].metadata("in") == "a");
    CHECK(ticks[1].scope() == "a");
}

struct Watcher {
    void on_event(const Tick& tick) { ticks += tick.number; }
    int ticks = 0;
};

struct Counting {
    void count(const Tick&) { ++ticks; }
    int ticks = 0;
};

/// Of another type's name.
struct OtherTick {
    static constexpr std::string_view event_name = "test.tick";
    double number = 0;
};

TEST_CASE("a scope has observers, members, inboxes and schedules, as a bus has", "[scope]") {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    EventBus bus{{.clock = clock}};
    const Scope scope = bus.scope("a");
    Watcher watcher;
    const auto on_bus = bus.attach<Tick>(watcher, direct);
    const auto in_scope = scope.attach<Tick>(watcher, direct);
    const auto counting = std::make_shared<Counting>();
    const auto member = scope.subscribe<Tick>(counting, &Counting::count, direct);
    auto inbox = scope.inbox<Tick>();
    auto named = scope.inbox("test.*");
    bus.emit(Tick{1});
    CHECK(watcher.ticks == 1);
    scope.emit(Tick{10});
    CHECK(watcher.ticks == 21);
    CHECK(counting->ticks == 1);
    CHECK(inbox.try_next().value()->number == 10);
    const Record read = named.try_next().value();
    CHECK(read.scope() == "a");
    CHECK_FALSE(inbox.try_next());

    const auto later = scope.emit_after(std::chrono::seconds(1), Tick{100});
    const auto again = scope.emit_every(std::chrono::seconds(2), Tick{1000});
    clock->advance(std::chrono::seconds(2));
    CHECK(inbox.try_next().value()->number == 100);
    const Record repeated = inbox.try_next().value();
    CHECK(repeated.scope() == "a");
    CHECK(watcher.ticks == 21 + 2200);
}

TEST_CASE("failures in a scope are the bus's events", "[scope]") {
    std::vector<std::string> told;
    EventBus bus{{.on_error = [&](const HandlerError& failure) { told.emplace_back(failure.record.scope()); }}};
    const Scope scope = bus.scope("a");
    int at_bus = 0;
    int in_scope = 0;
    const auto on_bus = bus.subscribe<HandlerError>([&](const HandlerError&) { ++at_bus; }, direct);
    const auto on_scope = scope.subscribe<HandlerError>([&](const HandlerError&) { ++in_scope; }, direct);
    const auto failing = scope.subscribe<Tick>([](const Tick&) { throw std::runtime_error("no"); }, direct);
    scope.emit(Tick{1});
    CHECK(told == std::vector<std::string>{"a"});
    CHECK(at_bus == 1);
    CHECK(in_scope == 0);
    CHECK(bus.history().query<HandlerError>().at(0).scope().empty());
}

TEST_CASE("statistics count events of scopes by name", "[scope]") {
    EventBus bus;
    const Scope a = bus.scope("a");
    const auto s = a.subscribe<Tick>([](const Tick&) {}, {.name = "counted", .delivery = Delivery::direct});
    {
        const Scope b = bus.scope("b");
        b.emit(Tick{1});
        b.emit(NamedEvent{"some.name"});
    }
    a.emit(Tick{2});
    bus.emit(Tick{3});
    const auto stats = bus.stats();
    CHECK(stats.emitted == 4);
    CHECK(stats.by_name.at("test.tick").emitted == 3);
    CHECK(stats.by_name.at("test.tick").subscriptions == 1);
    CHECK(stats.by_name.at("some.name").emitted == 1);
    REQUIRE(stats.subscriptions.size() == 1);
    CHECK(stats.subscriptions[0].scope == "a");
    CHECK(stats.subscriptions[0].delivered == 1);
}

TEST_CASE("scopes and their names are as many as max_names allows, and all events are delivered", "[scope]") {
    EventBus bus{{.max_names = 4}};
    const Scope a = bus.scope("a");
    const Scope b = bus.scope("b");
    int seen = 0;
    const auto s = a.subscribe(
        "*", [&](const Record& record) { seen += record.scope() == "a" ? 1 : 100; }, direct);
    const auto t = a.subscribe<Tock>([&](const Tock&) { ++seen; }, direct);
    for (int i = 0; i < 10; ++i) a.emit(NamedEvent{"name." + std::to_string(i)});
    CHECK(seen == 10);
    a.emit(Tock{1});
    a.emit(Tick{1});
    b.emit(Tick{1});
    CHECK(seen == 13);
    CHECK(bus.stats().by_name.at("test.tick").emitted == 2);
    CHECK(bus.stats().emitted == 13);
    CHECK(refuses<hindsight::LimitReached>("max_names", [&] { (void)bus.scope("c"); }));
    CHECK(refuses<hindsight::LimitReached>("max_names", [&] { (void)a.scope(); }));
}

TEST_CASE("a name has one type in all scopes", "[scope]") {
    EventBus bus;
    const Scope scope = bus.scope("a");
    const Scope other = bus.scope("b");
    scope.emit(Tick{1});
    CHECK(refuses<hindsight::TypeConflict>("test.tick", [&] { other.emit(OtherTick{1}); }));
    CHECK(refuses<hindsight::TypeConflict>("test.tick", [&] { bus.emit(OtherTick{1}); }));
    CHECK(refuses<hindsight::TypeConflict>("test.tick",
                                           [&] { (void)other.subscribe<OtherTick>([](const OtherTick&) {}); }));
    CHECK(other.emit(Tick{2}).seq == 2);
}

TEST_CASE("a recorded event is replayed into its scope", "[scope]") {
    EventBus first;
    const Scope recorded = first.scope("a.b");
    recorded.emit(Tick{1});
    first.emit(Tick{2});

    EventBus second;
    const Scope a = second.scope("a");
    int seen = 0;
    const auto s = a.subscribe<Tick>([&](const Tick& tick) { seen += tick.number; }, direct);
    CHECK(hindsight::replay(first.history().query(), second).emitted == 2);
    CHECK(seen == 1);
    CHECK(second.history().query({.scope = "a.b"}).size() == 1);
    CHECK(second.stats().by_name.at("test.tick").emitted == 2);
}

TEST_CASE("a scope is rereadable: holes of its subscriptions are of its events", "[scope]") {
    EventBus bus{{.pool = {.threads = 0}}};
    const Scope scope = bus.scope("a");
    std::size_t reread = 0;
    const auto s = scope.subscribe<Tick>([](const Tick&) {},
                                         {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
                                          .on_lagged = [&](const hindsight::Lagged& hole) {
                                              reread = hindsight::this_handler::reread(hole).records.size();
                                          }});
    for (int i = 0; i < 3; ++i) {
        scope.emit(Tick{i});
        bus.emit(Tick{i});
    }
    bus.run_pending();
    CHECK(reread == 2);
}

TEST_CASE("names of scopes are names, and of no library", "[scope]") {
    EventBus bus;
    for (const std::string_view bad : {"", "a..b", "a.*", "*", "a b", ".a"}) {
        CHECK(refuses<hindsight::InvalidName>(std::string(bad), [&] { (void)bus.scope(bad); }));
    }
    CHECK(refuses<hindsight::InvalidName>("hindsight.a", [&] { (void)bus.scope("hindsight.a"); }));
    const std::string longest(255, 'x');
    const Scope full = bus.scope(longest);
    CHECK(full.name() == longest);
    CHECK(refuses<hindsight::InvalidName>("255", [&] { (void)full.scope("y"); }));
    full.emit(Tick{1});
    CHECK(bus.history().query().at(0).scope() == longest);

    const Scope one = bus.scope();
    const Scope two = bus.scope();
    const Scope nested = one.scope();
    CHECK(one.name() != two.name());
    CHECK(nested.name().substr(0, one.name().size() + 1) == std::string(one.name()) + ".");
}

TEST_CASE("a batch is emitted in a scope as single events are", "[scope][emit_many]") {
    EventBus bus{{.pool = {.threads = 0}}};
    Scope session = bus.scope("provider.session");
    const Scope provider = bus.scope("provider");
    const Scope sibling = bus.scope("sibling");
    std::vector<std::string> seen;
    const auto a = session.subscribe<Tick>(note(seen, "session"));
    const auto b = provider.subscribe<Tick>(note(seen, "provider"), direct);
    const auto c = sibling.subscribe<Tick>(note(seen, "sibling"), direct);
    const auto middleware = provider.use<Tick>([](Tick& tick, DraftView& view) {
        if (tick.number == 2) return view.veto("two");
        tick.number += 10;
        view.set_source(view.scope());
    });

    const hindsight::BatchReceipt receipt = session.emit_many({Tick{1}, Tick{2}, Tick{3}});
    CHECK(receipt.count == 2);
    CHECK(receipt.recorded == 2);
    CHECK(receipt.queued == 2);
    REQUIRE(receipt.refused.size() == 1);
    CHECK(receipt.refused.front().index == 1);
    CHECK(seen == std::vector<std::string>{"provider:11", "provider:13"});
    bus.run_pending();
    CHECK(seen == std::vector<std::string>{"provider:11", "provider:13", "session:11", "session:13"});
    CHECK(session.history().query({.source = "provider.session"}).size() == 2);
    CHECK(sibling.history().empty());
    const std::vector<NamedEvent> named{NamedEvent{"other.one"}, NamedEvent{"other.two"}};
    CHECK(provider.emit_many(named).count == 2);
    CHECK(provider.history().query({.pattern = "other.*"}).size() == 2);
    CHECK(bus.stats().by_name.at("test.tick").emitted == 2);

    session.end();
    const std::uint64_t refused = bus.stats().refused_closed;
    CHECK_THROWS_AS(session.emit_many({Tick{4}}), hindsight::InvalidArgument);
    Scope first = bus.scope("again");
    const Scope below = first.scope("below");
    first.end();
    CHECK(below.emit_many({Tick{5}, Tick{6}}).outcome == Outcome::closed);
    CHECK(bus.stats().refused_closed == refused + 2);
}

}  // namespace

// A bus that watches itself: times, errors, events that match nobody.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/replaying.hpp>
#include <hindsight/watching.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore_errors = [](const HandlerError&) {};
const TimePoint noon{std::chrono::hours(12)};

struct Watched {
    explicit Watched(WatchOptions watch = {.times = true}, HistoryOptions history = {})
        : bus({.history = std::move(history),
               .pool = {.threads = 0},
               .clock = clock,
               .on_error = ignore_errors,
               .watch = watch}) {}

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(noon);
    EventBus bus;
};

TEST_CASE("waiting and running are measured for the subscription and for the event's name", "[watching]") {
    Watched watched;
    const auto subscription = watched.bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(7us); });
    watched.bus.emit(Tick{});
    watched.clock->advance(3ms);
    watched.bus.run_pending();
    watched.clock->advance(1h);

    const Statistics stats = watched.bus.stats();
    const auto check = [](const TimeStatistics& times, Duration expected) {
        CHECK(times.count == 1);
        CHECK(times.sum == expected);
        CHECK(times.max == expected);
        CHECK(times.p50 == expected);
        REQUIRE(times.buckets.size() == 1);
        CHECK(times.buckets[0].at_most >= expected);
    };
    check(subscription.stats().wait, 3ms);
    check(subscription.stats().run, 7us);
    check(stats.by_name.at("test.tick").wait, 3ms);
    check(stats.by_name.at("test.tick").run, 7us);
    check(stats.subscriptions.at(0).run, 7us);

    watched.bus.reset_stats();
    CHECK(subscription.stats().run.count == 0);
    CHECK(watched.bus.stats().by_name.at("test.tick").wait.count == 0);
}

TEST_CASE("every way to a handler is measured", "[watching]") {
    Watched watched({.times = true}, {.policies = {{"test.tock", KeepNone{}}}});
    EventBus& bus = watched.bus;
    struct Receiver {
        ManualClock& clock;
        void receive(const Tick&) { clock.advance(5ns); }
        void on_event(const Tick&) { clock.advance(5ns); }
    };
    const auto object = std::make_shared<Receiver>(Receiver{*watched.clock});
    const auto step = [&](const Record&) { watched.clock->advance(5ns); };
    std::string name = "test.tick";
    Subscription subscription;
    SECTION("a direct one that takes the event") {
        subscription =
            bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(5ns); }, {.delivery = Delivery::direct});
    }
    SECTION("a direct one that takes the record") {
        subscription = bus.subscribe<Tick>(step, {.delivery = Delivery::direct});
    }
    SECTION("a direct one of an event that is not kept") {
        name = "test.tock";
        subscription =
            bus.subscribe<Tock>([&](const Tock&) { watched.clock->advance(5ns); }, {.delivery = Delivery::direct});
    }
    SECTION("one of a pattern") {
        subscription = bus.subscribe("*.tick", step);
    }
    SECTION("one with a filter") {
        subscription = bus.subscribe<Tick>(step, {.filter = [](const Record&) { return true; }});
    }
    SECTION("a member function") {
        subscription = bus.subscribe<Tick>(object, &Receiver::receive);
    }
    SECTION("an observer") {
        subscription = bus.attach<Tick>(object);
    }
    bus.emit(Tick{});
    bus.emit(Tock{});
    bus.run_pending();
    CHECK(subscription.stats().run.count == 1);
    CHECK(subscription.stats().run.sum == 5ns);
    CHECK(bus.stats().by_name.at(name).run.sum == 5ns);
    CHECK(bus.stats().by_name.at(name).run.count == 1);
}

TEST_CASE("only what has waited since its emit counts as waiting", "[watching]") {
    Watched watched;
    EventBus& bus = watched.bus;
    bus.emit(Tick{1});
    watched.clock->advance(1h);
    // From the past: not.
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.replay = Replay::last(5)});
    // With a time of its own: not.
    bus.emit(Tick{2}, {.time = noon});
    bus.emit(Tick{3});
    watched.clock->advance(2us);
    bus.run_pending();
    CHECK(subscription.stats().run.count == 3);
    CHECK(subscription.stats().wait.count == 1);
    CHECK(subscription.stats().wait.max == 2us);
    // Emitted again from a recording: not.
    std::vector<Record> recorded = bus.history().query({.limit = 1});
    replay(recorded, bus);
    watched.clock->advance(1us);
    bus.run_pending();
    CHECK(subscription.stats().run.count == 4);
    CHECK(subscription.stats().wait.count == 1);
    // Where the clock is set back nothing takes less than no time.
    bus.emit(Tick{4});
    watched.clock->set(noon);
    bus.run_pending();
    CHECK(subscription.stats().wait.count == 2);
    CHECK(subscription.stats().wait.sum == 2us);
}

TEST_CASE("who does not want it pays nothing, and gets nothing", "[watching]") {
    Watched watched(WatchOptions{});
    const auto subscription = watched.bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(7us); });
    watched.bus.emit(Tick{});
    watched.bus.emit(Tock{});
    watched.bus.run_pending();
    const Statistics stats = watched.bus.stats();
    CHECK(subscription.stats().run.count == 0);
    CHECK(stats.by_name.at("test.tick").run.count == 0);
    CHECK(stats.unhandled == 0);
    CHECK(watched.bus.history().query<UnhandledEvent>().empty());
}

TEST_CASE("names beyond watch.max_names are measured together", "[watching]") {
    Watched watched({.times = true, .max_names = 1});
    const auto subscription = watched.bus.subscribe("*", [](const Record&) {}, {.delivery = Delivery::direct});
    for (const char* name : {"a.one", "a.two", "a.three", "a.one"}) watched.bus.emit(NamedEvent{name});
    const Statistics stats = watched.bus.stats();
    CHECK(stats.by_name.at("a.one").run.count == 2);
    CHECK(stats.by_name.at("a.two").run.count == 0);
    CHECK(stats.by_name.at("(other)").run.count == 2);
    CHECK_THROWS_WITH(EventBus({.watch = {.times = true, .max_names = no_limit}}), Contains("watch.max_names"));
}

TEST_CASE("each run is measured once, whichever threads run handlers", "[watching]") {
    constexpr int emitters = 3, events = 400;
    EventBus bus{{.pool = {.threads = 2}, .on_error = ignore_errors, .watch = {.times = true}}};
    const auto handle = [](const Tick& tick) {
        if (tick.number % 50 == 0) throw std::runtime_error("on purpose");
    };
    const auto queued = bus.subscribe<Tick>(handle);
    const auto direct = bus.subscribe<Tick>(handle, {.delivery = Delivery::direct});
    std::vector<std::future<void>> emitting;
    for (int e = 0; e < emitters; ++e) {
        emitting.push_back(start([&] {
            for (int i = 0; i < events; ++i) bus.emit(Tick{i});
        }));
    }
    for (int i = 0; i < 20; ++i) static_cast<void>(bus.stats());
    for (auto& each : emitting) get_soon(std::move(each));
    bus.shutdown(patience);
    CHECK(queued.stats().run.count == emitters * events);
    CHECK(queued.stats().wait.count == emitters * events);
    CHECK(direct.stats().run.count == emitters * events);
    CHECK(direct.stats().wait.count == 0);
    const NameStatistics of_name = bus.stats().by_name.at("test.tick");
    CHECK(of_name.run.count == 2 * emitters * events);
    CHECK(of_name.failed == 2 * emitters * events / 50);
}

TEST_CASE("the newest error is kept as text, with its time", "[watching]") {
    Watched watched{WatchOptions{}};
    std::string says = "first";
    const auto subscription = watched.bus.subscribe<Tick>([&](const Tick&) { throw std::runtime_error(says); },
                                                          {.delivery = Delivery::direct});
    CHECK(subscription.stats().last_error.empty());
    watched.bus.emit(Tick{});
    watched.clock->advance(1s);
    says = std::string(3000, 'x');
    watched.bus.emit(Tick{});
    watched.clock->advance(1s);
    CHECK(subscription.stats().last_error == std::string(1024, 'x'));
    CHECK(subscription.stats().last_error_at == noon + 1s);
    watched.bus.reset_stats();
    CHECK(subscription.stats().last_error.empty());
}

TEST_CASE("a failure is also its event's, where times are watched", "[watching]") {
    Watched watched;
    const auto subscription = watched.bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("no"); });
    watched.bus.emit(Tick{});
    watched.bus.run_pending();
    const NameStatistics of_name = watched.bus.stats().by_name.at("test.tick");
    CHECK(of_name.failed == 1);
    CHECK(of_name.last_error == "no");
    CHECK(of_name.last_error_at == noon);
}

TEST_CASE("an event that matches nobody is told of", "[watching]") {
    Watched watched({.unhandled = true});
    EventBus& bus = watched.bus;
    Subscription other;
    SECTION("where there is no subscription") {}
    SECTION("where there is one for others") {
        other = bus.subscribe<Tock>([](const Tock&) {});
    }
    SECTION("where the only one is paused") {
        other = bus.subscribe<Tick>([](const Tick&) {});
        other.pause();
    }
    SECTION("where the only one turns it down") {
        other = bus.subscribe<Tick>([](const Tick&) {}, {.filter = [](const Record&) { return false; }});
    }
    const Seq seq = bus.emit(Tick{7}, {.correlation = "the order"}).seq;
    const auto told = bus.history().query<UnhandledEvent>();
    REQUIRE(told.size() == 1);
    CHECK(told[0]->record.seq() == seq);
    CHECK(told[0]->record.as<Tick>().number == 7);
    CHECK(told[0].cause() == seq);
    CHECK(told[0].key() == "test.tick");
    CHECK(told[0].correlation() == "the order");
    CHECK(to_json(told[0]).find(R"("payload":{"event":"test.tick","seq":1})") != std::string::npos);
    CHECK(bus.stats().unhandled == 1);
}

TEST_CASE("an event that matches somebody is not told of", "[watching]") {
    Watched watched({.unhandled = true});
    EventBus& bus = watched.bus;
    Subscription subscription;
    SECTION("direct") {
        subscription = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    }
    SECTION("queued") {
        subscription = bus.subscribe<Tick>([](const Tick&) {});
    }
    SECTION("dropped, which is told otherwise") {
        subscription =
            bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_newest}});
        bus.emit(Tick{});
    }
    bus.emit(Tick{});
    CHECK(bus.history().query<UnhandledEvent>().empty());
    CHECK(bus.stats().unhandled == 0);
}

TEST_CASE("an event that history does not keep is inside what tells of it", "[watching]") {
    std::vector<int> seen;
    const auto collect = [&](const UnhandledEvent& event) { seen.push_back(event.record.as<Tick>().number); };
    HistoryOptions history;
    SECTION("for its policy") {
        history.policies = {{"test.tick", KeepNone{}}};
    }
    SECTION("for there is none") {
        history.capacity = 0;
    }
    Watched watched({.unhandled = true}, history);
    const auto subscription = watched.bus.subscribe<UnhandledEvent>(collect, {.delivery = Delivery::direct});
    watched.bus.emit(Tick{5});
    CHECK(seen == std::vector{5});
}

TEST_CASE("what tells of unhandled events does not go round and round", "[watching]") {
    Watched watched({.unhandled = true});
    EventBus& bus = watched.bus;
    int told = 0;
    const auto subscription = bus.subscribe<UnhandledEvent>(
        [&](const UnhandledEvent&) {
            ++told;
            bus.emit(Tock{});  // which nobody handles either
        },
        {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(told == 1);
    CHECK(bus.stats().unhandled == 2);
    // Nor do the library's own events count, which mostly match nobody.
    const auto failing = bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("no"); });
    bus.emit(Tick{});
    bus.run_pending();
    CHECK(bus.history().query<HandlerError>().size() == 1);
    CHECK(told == 1);
}

TEST_CASE("retiring a type takes out what tells of its events", "[watching]") {
    Watched watched({.unhandled = true});
    watched.bus.emit(Tick{});
    CHECK(watched.bus.retire<Tick>() == 0);
    CHECK(watched.bus.history().query<UnhandledEvent>().empty());
}

TEST_CASE("statistics as JSON show what there is", "[watching]") {
    Watched watched;
    const auto subscription = watched.bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(5us); },
                                                          {.name = "a \"name\"\n", .delivery = Delivery::direct});
    watched.bus.emit(Tick{});
    const std::string json = to_json(watched.bus.stats());
    CHECK_THAT(json, Contains(R"({"emitted":1,"refused_closed":0,)"));
    CHECK_THAT(json, Contains(R"("by_name":{"test.tick":{"emitted":1,"subscriptions":1,"run":{"count":1,"sum":5000,)"));
    CHECK_THAT(json, Contains(R"("max":5000,"p50":5000,"p90":5000,"p99":5000,"buckets":[[5000,1]]},"failed":0}})"));
    CHECK_THAT(json, Contains(R"("subscriptions":[{"id":1,"name":"a \"name\"\n","pattern":"test.tick",)"));
    CHECK(json.find('\n') == std::string::npos);
    CHECK_THAT(to_json(watched.bus.history().stats()), Contains(R"("policies":[{"pattern":"hindsight.*",)"));
}

}  // namespace

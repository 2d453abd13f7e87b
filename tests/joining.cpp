// Promise 10: what each form of replay gives to queued subscriptions.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::BucketRing;
using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::HistoryOptions;
using hindsight::KeepNone;
using hindsight::Lagged;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using hindsight::TimePoint;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace joining {

struct Sized {
    static constexpr std::string_view event_name = "test.sized";
    std::size_t bytes;
    std::size_t event_payload_bytes() const { return bytes; }
};

}  // namespace joining

using joining::Sized;

namespace {

/// A bus whose handlers run when they are told to, and what one of them is told: "3" for the event with seq 3,
/// "[1-2:0]" for a hole.
struct Joined {
    explicit Joined(HistoryOptions history = {})
        : bus({.history = std::move(history),
               .pool = {.threads = 0},
               .clock = clock,
               .on_error = [](const HandlerError&) {}}) {}

    void emit(int count, const char* name = "test.some") {
        for (int i = 0; i < count; ++i) bus.emit(NamedEvent{name});
    }
    SubscribeOptions with(Replay replay) {
        SubscribeOptions options;
        options.replay = replay;
        options.on_lagged = [this](const Lagged& hole) {
            add("[" + std::to_string(hole.first) + "-" + std::to_string(hole.last) + ":" + std::to_string(hole.missed) +
                "]");
        };
        return options;
    }
    void join(const char* pattern, SubscribeOptions options) {
        subscription = bus.subscribe(
            pattern, [this](const Record& record) { add(record); }, std::move(options));
    }
    void join(Replay replay) { join("*", with(replay)); }
    template <class E>
    void join_typed(SubscribeOptions options) {
        subscription = bus.subscribe<E>([this](const E&, const Record& record) { add(record); }, std::move(options));
    }
    void add(const Record& record) { add(std::to_string(record.seq())); }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }
    std::string hear() {
        bus.run_pending();
        return std::exchange(log, {});
    }

    std::string log;
    std::shared_ptr<hindsight::ManualClock> clock = std::make_shared<hindsight::ManualClock>(TimePoint{1000s});
    EventBus bus;
    Subscription subscription;
};

TEST_CASE("without replay a subscription begins with the present", "[joining]") {
    Joined joined;
    joined.emit(2);
    joined.join("*", {});
    joined.emit(1);
    CHECK(joined.hear() == "3");
}

TEST_CASE("last gives the newest of the past, then the present", "[joining][promise-10]") {
    Joined joined;
    joined.emit(5);
    SECTION("some") {
        joined.join(Replay::last(2));
        joined.emit(1);
        CHECK(joined.hear() == "4 5 6");
    }
    SECTION("more than there are") {
        joined.join(Replay::last(hindsight::no_limit));
        CHECK(joined.hear() == "1 2 3 4 5");
        joined.emit(1);
        CHECK(joined.hear() == "6");
    }
    SECTION("none") {
        joined.join(Replay::last(0));
        CHECK(joined.bus.run_pending() == 0);
        joined.emit(1);
        CHECK(joined.hear() == "6");
    }
    CHECK(joined.bus.stats().delivered == joined.bus.stats().matched);
}

TEST_CASE("last counts what the subscription is for, and what its filter passes", "[joining][promise-10]") {
    Joined joined;
    for (int i = 0; i < 10; ++i) {
        joined.bus.emit(Tick{i}, {.key = i % 3 == 0 ? "third" : ""});
        joined.bus.emit(Tock{i});
    }
    SubscribeOptions options = joined.with(Replay::last(3));
    SECTION("by type") {
        joined.join_typed<Tick>(options);
        CHECK(joined.hear() == "15 17 19");
    }
    SECTION("by name") {
        joined.join("test.tock", options);
        CHECK(joined.hear() == "16 18 20");
    }
    SECTION("by pattern") {
        joined.join("test.*", options);
        CHECK(joined.hear() == "18 19 20");
    }
    SECTION("with a filter") {
        options.filter = [](const Record& record) { return record.key() == "third"; };
        joined.join("*", options);
        CHECK(joined.hear() == "7 13 19");
        CHECK(joined.subscription.stats().filtered == 11);  // it asks from the newest on, until there are enough
    }
    SECTION("with a filter on the event") {
        options.filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number < 2; });
        joined.join_typed<Tick>(options);
        CHECK(joined.hear() == "1 3");
    }
}

TEST_CASE("from_seq gives that event and all later ones", "[joining][promise-10]") {
    Joined joined;
    joined.emit(4);
    SECTION("in the middle") {
        joined.join(Replay::from_seq(3));
        joined.emit(1);
        CHECK(joined.hear() == "3 4 5");
    }
    SECTION("0 is the beginning") {
        joined.join(Replay::from_seq(0));
        CHECK(joined.hear() == "1 2 3 4");
    }
    SECTION("one that is still to come leaves out nothing of the present") {
        joined.join(Replay::from_seq(7));
        CHECK(joined.hear().empty());
        joined.emit(4);
        CHECK(joined.hear() == "5 6 7 8");
    }
}

TEST_CASE("since gives what is of that time or later", "[joining][promise-10]") {
    Joined joined;
    for (int i = 0; i < 4; ++i) {
        joined.emit(1);
        joined.clock->advance(1s);
    }
    joined.join(Replay::since(TimePoint{1002s}));
    joined.emit(1);
    CHECK(joined.hear() == "3 4 5");
}

TEST_CASE("last_per_key gives the newest of each name and key in seq order", "[joining][promise-10]") {
    Joined joined;
    const auto emit = [&](const char* name, const char* key) { joined.bus.emit(NamedEvent{name}, {.key = key}); };
    emit("a.x", "1");
    emit("a.x", "2");
    emit("a.y", "1");
    emit("a.x", "1");
    emit("b.x", "1");
    emit("a.y", "2");
    emit("a.x", "");
    SubscribeOptions options = joined.with(Replay::last_per_key());
    SECTION("of all") {
        joined.join("*", options);
        CHECK(joined.hear() == "2 3 4 5 6 7");
    }
    SECTION("of some") {
        joined.join("a.*", options);
        emit("a.y", "2");
        CHECK(joined.hear() == "2 3 4 6 7 8");
    }
    SECTION("of those that the filter passes") {
        options.filter = [](const Record& record) { return record.seq() != 4 && record.seq() != 6; };
        joined.join("a.*", options);
        CHECK(joined.hear() == "1 2 3 7");
    }
}

TEST_CASE("records of several logs are replayed in seq order", "[joining][promise-10]") {
    Joined joined({.policies = {{"bucket.*", BucketRing{.capacity = 2}}, {"none.*", KeepNone{}}}});
    joined.emit(1, "ring.x");
    joined.emit(1, "bucket.x");
    joined.emit(1, "none.x");
    joined.emit(1, "ring.x");
    joined.emit(1, "bucket.y");
    joined.join(Replay::from_seq(1));
    joined.emit(1, "none.x");
    CHECK(joined.hear() == "1 2 4 5 6");  // what is not kept is of the present only
}

TEST_CASE("a bus without a history has no past", "[joining]") {
    Joined joined({.capacity = 0});
    joined.emit(3);
    joined.join(Replay::from_seq(1));
    joined.emit(1);
    CHECK(joined.hear() == "4");
}

TEST_CASE("library events are replayed only to those who ask for them", "[joining]") {
    Joined joined;
    const auto failing = joined.bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("no"); });
    joined.bus.emit(Tick{});
    joined.bus.run_pending();
    joined.join(Replay::from_seq(1));
    CHECK(joined.hear() == "1");
    joined.join("hindsight.*", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "2");
}

TEST_CASE("names beyond max_names are replayed, too", "[joining][promise-10]") {
    EventBus bus({.pool = {.threads = 0}, .max_names = 1});
    for (const char* name : {"a.x", "b.x", "c.x", "b.x"}) bus.emit(NamedEvent{name});
    std::vector<Seq> seqs;
    const auto handle = [&](const Record& record) { seqs.push_back(record.seq()); };
    const auto exact = bus.subscribe("b.x", handle, {.replay = Replay::last(9)});
    bus.emit(NamedEvent{"b.x"});
    bus.run_pending();
    CHECK(seqs == std::vector<Seq>{2, 4, 5});
}

// What is gone

TEST_CASE("what a ring has let go of is told before the first event, as a range", "[joining][promise-10][promise-8]") {
    Joined joined({.capacity = 3});
    joined.emit(5);
    SECTION("from_seq") {
        joined.join(Replay::from_seq(1));
        CHECK(joined.hear() == "[1-2:0] 3 4 5");
        joined.join(Replay::from_seq(2));
        CHECK(joined.hear() == "[2-2:0] 3 4 5");
        joined.join(Replay::from_seq(3));
        CHECK(joined.hear() == "3 4 5");
    }
    SECTION("the others have not asked for it") {
        joined.join(Replay::last(5));
        CHECK(joined.hear() == "3 4 5");
        joined.join(Replay::last_per_key());
        CHECK(joined.hear() == "5");
    }
    SECTION("resetting the counters does not forget it") {
        joined.bus.history().reset_stats();
        joined.join(Replay::from_seq(1));
        CHECK(joined.hear() == "[1-2:0] 3 4 5");
    }
    SECTION("new policies do not forget it") {
        joined.bus.history().set_policies({{"other.*", BucketRing{}}});
        joined.join("test.*", joined.with(Replay::from_seq(1)));
        CHECK(joined.hear() == "[1-2:0] 3 4 5");
    }
    SECTION("clearing is letting go") {
        joined.bus.history().clear();
        joined.join(Replay::from_seq(4));
        joined.emit(1);
        CHECK(joined.hear() == "[4-5:0] 6");
    }
    SECTION("nothing else to replay") {
        joined.bus.history().clear();
        joined.join(Replay::from_seq(4));
        CHECK(joined.hear() == "[4-5:0]");
    }
}

TEST_CASE("since tells of what is gone only where it may be of that time", "[joining][promise-10]") {
    Joined joined({.capacity = 3});
    for (int i = 0; i < 6; ++i) {
        joined.emit(1);
        joined.clock->advance(1s);
    }
    joined.join(Replay::since(TimePoint{1000s}));
    CHECK(joined.hear() == "[1-3:0] 4 5 6");
    joined.join(Replay::since(TimePoint{1003s}));  // just what is left; nobody knows about the one before
    CHECK(joined.hear() == "[1-3:0] 4 5 6");
    joined.join(Replay::since(TimePoint{1003s} + 1ns));
    CHECK(joined.hear() == "5 6");
}

TEST_CASE("what others' policies let go of is not told", "[joining][promise-10]") {
    Joined joined({.policies = {{"beat.*", BucketRing{.capacity = 1}}}});
    joined.emit(3, "beat.x");
    joined.emit(2, "order.placed");
    joined.join("order.*", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "4 5");
    joined.join("beat.x", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "[1-2:0] 3");
    joined.join("*", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "[1-2:0] 3 4 5");
}

TEST_CASE("nothing is told of events that went elsewhere before the first one of the ring", "[joining]") {
    Joined joined({.policies = {{"none.*", KeepNone{}}}});
    joined.emit(3, "none.x");
    joined.emit(1);
    joined.join(Replay::from_seq(1));
    CHECK(joined.hear() == "4");
}

TEST_CASE("a record without its payload is a hole for a subscription to its type", "[joining][promise-8]") {
    Joined joined({.max_payload_bytes = 100});
    for (const std::size_t bytes : {10u, 1000u, 1000u, 20u, 1000u}) joined.bus.emit(Sized{bytes});
    joined.join("test.sized", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 2 3 4 5");
    joined.join_typed<Sized>(joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 [2-3:2] 4 [5-5:1]");
    CHECK(joined.subscription.stats().dropped == 3);
    CHECK(joined.subscription.stats().delivered == 2);
}

// The mailbox

TEST_CASE("the past does not count against the capacity, the present does", "[joining][promise-7][promise-10]") {
    Joined joined;
    joined.emit(10);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.mailbox = {.capacity = 2, .overflow = Overflow::drop_newest};
    joined.join("*", options);
    CHECK(joined.subscription.stats().queue_depth == 10);
    joined.emit(3);
    CHECK(joined.subscription.stats().queue_depth == 12);
    CHECK(joined.hear() == "1 2 3 4 5 6 7 8 9 10 11 12 [13-13:1]");
    CHECK(joined.subscription.stats().queue_depth == 0);
}

TEST_CASE("a conflating mailbox does not conflate with the past", "[joining][promise-10]") {
    Joined joined;
    joined.emit(2);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.mailbox.overflow = Overflow::conflate;
    joined.join("*", options);
    joined.emit(2);
    CHECK(joined.hear() == "1 2 4");
}

TEST_CASE("run_pending gives the past in portions", "[joining]") {
    Joined joined;
    joined.emit(5);
    joined.join(Replay::from_seq(1));
    joined.emit(1);
    CHECK(joined.bus.run_pending(2) == 2);
    CHECK(joined.log == "1 2");
    CHECK(joined.bus.run_pending(3) == 3);
    CHECK(joined.bus.run_pending(3) == 1);
    CHECK(joined.log == "1 2 3 4 5 6");
}

TEST_CASE("no receipt waits for a replay", "[joining]") {
    Joined joined;
    const auto first = joined.bus.subscribe("*", [](const Record&) {});
    const auto receipt = joined.bus.emit(NamedEvent{"test.some"});
    joined.bus.run_pending();
    REQUIRE(receipt.wait_for(0s));
    joined.join(Replay::from_seq(1));
    CHECK(receipt.wait_for(0s));
    CHECK(joined.hear() == "1");
    CHECK(receipt.wait_for(0s));
}

TEST_CASE("an executor of one's own may deliver the past before subscribe returns", "[joining]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::last(2));
    options.executor = std::make_shared<InlineExecutor>();
    joined.join("*", options);
    CHECK(std::exchange(joined.log, {}) == "2 3");
    joined.emit(1);
    CHECK(joined.log == "4");
}

TEST_CASE("an executor that takes no task loses the past, counted", "[joining][promise-8]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::last(2));
    SECTION("it throws") {
        options.executor = std::make_shared<ThrowingExecutor>();
    }
    SECTION("it destroys the task") {
        options.executor = std::make_shared<DroppingExecutor>();
    }
    joined.join("*", options);
    CHECK(joined.subscription.stats().discarded == 2);
    CHECK(joined.subscription.stats().queue_depth == 0);
}

// Handlers and filters

TEST_CASE("max_deliveries counts replays", "[joining]") {
    Joined joined;
    joined.emit(5);
    SubscribeOptions options = joined.with(Replay::last(4));
    options.max_deliveries = 3;
    joined.join("*", options);
    CHECK(joined.hear() == "2 3 4");
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.subscription.stats().discarded == 1);
}

TEST_CASE("a handler of the past that throws gets the rest", "[joining][promise-3]") {
    Joined joined;
    joined.emit(3);
    joined.subscription = joined.bus.subscribe(
        "test.*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() == 2) throw std::runtime_error("no");
        },
        joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 2 3");
    CHECK(joined.subscription.stats().failed == 1);
}

TEST_CASE("a filter that throws at a record of the past is a failure, and others go on", "[joining][promise-3]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [](const Record& record) {
        if (record.seq() == 2) throw std::runtime_error("no");
        return true;
    };
    joined.join("test.*", options);
    CHECK(joined.hear() == "1 3");
    CHECK(joined.subscription.stats().failed == 1);
}

TEST_CASE("a subscription can end itself in its filter, before its past", "[joining][promise-5]") {
    Joined joined;
    joined.emit(3);
    const auto state = std::make_shared<int>(0);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [state](const Record& record) {
        if (record.seq() == 2) hindsight::this_handler::disconnect();
        return true;
    };
    joined.join("*", std::move(options));
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.subscription.disconnect());
    CHECK(state.use_count() == 1);
    CHECK(joined.hear().empty());
    CHECK(joined.subscription.stats().discarded == 3);
    CHECK(joined.bus.subscription_count() == 0);
}

TEST_CASE("a handler of the past can end itself", "[joining][promise-5]") {
    Joined joined;
    joined.emit(3);
    joined.subscription = joined.bus.subscribe(
        "*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() == 2) hindsight::this_handler::disconnect();
        },
        joined.with(Replay::from_seq(1)));
    joined.emit(1);
    CHECK(joined.hear() == "1 2");
    CHECK(joined.subscription.stats().discarded == 2);
}

TEST_CASE("what waits of the past is discarded with the subscription", "[joining][promise-5][promise-8]") {
    Joined joined;
    joined.emit(3);
    joined.join(Replay::from_seq(1));
    joined.emit(1);
    CHECK(joined.subscription.disconnect());
    CHECK(joined.hear().empty());
    CHECK(joined.subscription.stats().discarded == 4);
    CHECK(joined.bus.stats().matched == 4);
}

TEST_CASE("handlers may emit and join inside the past", "[joining][promise-4][promise-10]") {
    Joined joined;
    joined.emit(2);
    Subscription inner;
    joined.subscription = joined.bus.subscribe(
        "test.*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() != 1) return;
            joined.emit(1);
            inner = joined.bus.subscribe(
                "test.*", [&](const Record& r) { joined.add("i" + std::to_string(r.seq())); },
                joined.with(Replay::last(2)));
            joined.emit(1);
        },
        joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 2 3 4 i2 i3 i4");
}

TEST_CASE("a paused subscription is still given its past", "[joining]") {
    Joined joined;
    joined.emit(2);
    joined.join(Replay::from_seq(1));
    joined.subscription.pause();
    joined.emit(1);
    CHECK(joined.hear() == "1 2");
    CHECK(joined.subscription.stats().skipped == 1);
}

TEST_CASE("retired events leave the past that waits", "[joining]") {
    Joined joined;
    joined.bus.emit(Tick{});
    joined.bus.emit(Tock{});
    joined.bus.emit(Tick{});
    joined.join(Replay::from_seq(1));
    CHECK(joined.bus.retire<Tick>() == 0);
    CHECK(joined.hear() == "2");
    CHECK(joined.subscription.stats().discarded == 2);
}

// The end of the bus

TEST_CASE("a shutdown drains the past", "[joining][promise-8]") {
    Joined joined;
    joined.emit(3);
    joined.join(Replay::from_seq(1));
    CHECK(joined.bus.shutdown(patience).drained);
    CHECK(joined.log == "1 2 3");
}

TEST_CASE("a shutdown reports the past that it could not deliver", "[joining][promise-8]") {
    const auto executor = std::make_shared<ManualExecutor>();
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.executor = executor;
    joined.join("*", options);
    joined.emit(1);
    const auto report = joined.bus.shutdown(0s);
    CHECK(report.undelivered == 4);
    CHECK(joined.subscription.stats().discarded == 4);
    executor->run_all();
    CHECK(joined.log.empty());
}

TEST_CASE("a filter that shuts the bus down while its subscription joins", "[joining][promise-9]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [&](const Record& record) {
        if (record.seq() == 2) joined.bus.shutdown(0s);
        return true;
    };
    joined.join("*", options);
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.hear().empty());
}

TEST_CASE("a bus that is shut down takes no subscription, with or without replay", "[joining]") {
    Joined joined;
    joined.emit(1);
    joined.bus.shutdown(0s);
    CHECK_THROWS_AS(joined.join(Replay::last(1)), hindsight::Closed);
}

TEST_CASE("handlers of the past may destroy the bus", "[joining][promise-5]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.pool = {.threads = 1}});
    for (int i = 0; i < 3; ++i) bus->emit(Tick{i});
    std::promise<int> called;
    auto future = called.get_future();
    auto subscription = bus->subscribe<Tick>(
        [&](const Tick& tick) {
            bus.reset();
            called.set_value(tick.number);
        },
        {.replay = Replay::last(3)});
    CHECK(get_soon(std::move(future)) == 0);
    CHECK(run_elsewhere([&] { return subscription.disconnect(); }));
}

TEST_CASE("a single-threaded bus replays", "[joining]") {
    hindsight::SingleThreadedBus bus;
    bus.emit(Tick{1});
    std::vector<int> seen;
    const auto queued =
        bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); }, {.replay = Replay::last(1)});
    const auto direct = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(10 + tick.number); },
                                            {.delivery = Delivery::direct, .replay = Replay::last(1)});
    CHECK(seen == std::vector<int>{11});
    bus.emit(Tick{2});
    bus.run_pending();
    CHECK(seen == std::vector<int>{11, 12, 1, 2});
}

}  // namespace

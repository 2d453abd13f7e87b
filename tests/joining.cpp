// Promise 10: what each form of replay gives to queued subscriptions.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/joined.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using hindsight::BucketRing;
using hindsight::EventBus;
using hindsight::KeepNone;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::SubscribeOptions;
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

TEST_CASE("what a bucket has let go of ends with the record that was replaced", "[joining][promise-10]") {
    Joined joined({.policies = {{"beat.*", BucketRing{.capacity = 1}}}});
    joined.emit(1, "beat.x");
    joined.emit(2, "order.placed");
    joined.emit(1, "beat.x");
    joined.join("*", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "[1-1:0] 2 3 4");
}

TEST_CASE("what was cleared of one rule's records is not told to those who are for another's",
          "[joining][promise-10]") {
    Joined joined({.policies = {{"beat.*", BucketRing{}}}});
    joined.emit(1, "beat.x");
    joined.emit(1, "order.placed");
    joined.emit(1, "beat.x");
    joined.bus.history().clear();
    joined.emit(1, "order.placed");
    joined.join("order.*", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "[1-2:0] 4");
    joined.join("beat.x", joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "[1-3:0]");
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

}  // namespace

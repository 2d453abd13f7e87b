#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// Ticks of keys a and b in turn, each after a failed task.
struct FilledStore {
    FilledStore() {
        for (int i = 0; i < 4; ++i) {
            store.append(TaskFailed{});
            store.append(ClockTick{i}, {.key = i % 2 == 0 ? "a" : "b"});
        }
    }
    Seqs kept() const { return seqs_of(store.query()); }

    EventStore store;
};

struct AskedNever {
    bool should_store(const Record&) const { throw std::logic_error("asked about a record that is already kept"); }
    std::size_t capacity() const { return 1; }
};

TEST_CASE_METHOD(FilledStore, "records that are kept go where new rules send them", "[event_store][retention]") {
    SECTION("into buckets") {
        store.set_policies({{"clock.*", BucketRing{.capacity = 1}}});
        CHECK(kept() == Seqs{1, 3, 5, 6, 7, 8});
        CHECK(store.stats().policies[0].size == 2);
        CHECK(store.stats().policies[0].keys == 2);
        store.append(ClockTick{}, {.key = "a"});
        CHECK(kept() == Seqs{1, 3, 5, 7, 8, 9});
    }
    SECTION("into fewer buckets than there are keys: the most recently written ones stay") {
        store.append(ClockTick{}, {.key = "a"});
        store.append(ClockTick{}, {.key = "c"});
        store.set_policies({{"clock.*", BucketRing{.capacity = 2, .max_keys = 2}}});
        CHECK(kept() == Seqs{1, 3, 5, 6, 7, 9, 10});
        store.append(ClockTick{}, {.key = "c"});
        store.append(ClockTick{}, {.key = "d"});  // a is the least recent one now
        CHECK(kept() == Seqs{1, 3, 5, 7, 10, 11, 12});
    }
    SECTION("nowhere") {
        store.set_policies({{"task.*", KeepNone{}}});
        CHECK(kept() == Seqs{2, 4, 6, 8});
    }
    SECTION("to a user's policy, which is not asked again") {
        store.set_policies({{"clock.*", AskedNever{}}});
        CHECK(kept() == Seqs{1, 3, 5, 7, 8});
    }
    SECTION("back to the shared ring") {
        store.set_policies({{"clock.*", BucketRing{.capacity = 1}}});
        store.set_policies({});
        CHECK(kept() == Seqs{1, 3, 5, 6, 7, 8});
        CHECK(store.stats().policies.back().size == 6);
        for (int i = 0; i < 3; ++i) store.append(ClockTick{}, {.key = "a"});
        CHECK(store.size() == 9);
    }
    CHECK(store.find(store.newest_seq()));
    CHECK(store.stats().size == store.size());
}

TEST_CASE_METHOD(FilledStore, "records that change places keep their payloads and the order",
                 "[event_store][retention]") {
    store.set_policies({{"clock.*", BucketRing{.capacity = 2}}});
    CHECK(kept() == Seqs{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(store.query<ClockTick>().at(2)->number == 2);
    CHECK(seqs_of(store.query({.key = "b"})) == Seqs{4, 8});
    CHECK(store.last_seq() == 8);
}

TEST_CASE("the other limits stay, and hold after a change of policies", "[event_store][retention]") {
    EventStore store({.capacity = 2, .max_payload_bytes = 10, .policies = {{"data.*", BucketRing{.capacity = 5}}}});
    for (int i = 0; i < 5; ++i) store.append(Blob{1});
    store.set_policies({});
    CHECK(seqs_of(store.query()) == Seqs{4, 5});
    CHECK(store.capacity() == 2);
    CHECK(record_of(store, Blob{11}).truncated());
}

TEST_CASE_METHOD(FilledStore,
                 "what a change of policies makes leave is counted as evicted, and the counters "
                 "go on",
                 "[event_store][retention][promise-8]") {
    CHECK(store.stats().stored == 8);
    store.set_policies({{"task.*", KeepNone{}}, {"clock.*", BucketRing{.capacity = 1}}});
    StoreStatistics stats = store.stats();
    CHECK(stats.size == 2);
    CHECK(stats.stored - stats.evicted == stats.size);
    CHECK(stats.stored == 8);
    CHECK(stats.evicted == 6);

    store.append(TaskFailed{});
    store.append(ClockTick{}, {.key = "a"});
    store.set_policies({});
    stats = store.stats();
    CHECK(stats.size == 2);
    CHECK(stats.stored == 9);
    CHECK(stats.evicted == 7);
    CHECK(stats.refused == 1);
}

TEST_CASE_METHOD(FilledStore, "bad rules are refused, and nothing has changed", "[event_store][retention][promise-6]") {
    store.set_policies({{"clock.*", BucketRing{.capacity = 2}}});
    CHECK_THROWS_AS(store.set_policies({{"task.*", KeepNone{}}, {"a.b", BucketRing{.capacity = 0}}}), InvalidArgument);
    CHECK_THROWS_WITH(store.set_policies({{"a.b", BucketRing{.capacity = 0}}}), Contains("a.b"));
    CHECK_THROWS_WITH(store.set_policies({{"a.b", BucketRing{.max_keys = 0}}}), Contains("max_keys"));
    CHECK(kept() == Seqs{1, 2, 3, 4, 5, 6, 7, 8});
    store.append(ClockTick{}, {.key = "a"});
    CHECK(kept() == Seqs{1, 3, 4, 5, 6, 7, 8, 9});
    CHECK(store.stats().policies.front().pattern == "clock.*");
}

struct CannotSay {
    bool should_store(const Record&) const { return true; }
    std::size_t capacity() const { throw std::runtime_error("cannot say"); }
};

TEST_CASE_METHOD(FilledStore, "what a policy's capacity throws comes out, and nothing has changed",
                 "[event_store][retention][promise-6]") {
    CHECK_THROWS_WITH(store.set_policies({{"task.*", KeepNone{}}, {"clock.*", CannotSay{}}}), "cannot say");
    CHECK(kept().size() == 8);
    CHECK_THROWS_WITH(EventStore({.policies = {{"clock.*", CannotSay{}}}}), "cannot say");
}

TEST_CASE("a bus follows its store's new rules at the next emit", "[event_store][retention]") {
    EventBus bus;
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::recorded);
    bus.history().set_policies({{"clock.*", KeepNone{}}});
    CHECK(bus.history().size() == 0);
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::not_kept);
    CHECK(bus.emit(TaskFailed{}).outcome == Outcome::recorded);
    bus.history().set_policies({{"clock.*", BucketRing{}}});
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::recorded);
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::recorded);
    CHECK(seqs_of(bus.history().query()) == Seqs{3, 5});
}

TEST_CASE("buckets that lost their records to retire leave room for others", "[event_store][retention]") {
    EventBus bus{{.history = {.policies = {{"*", BucketRing{.max_keys = 2}}}}}};
    bus.emit(TaskFailed{});
    bus.emit(ClockTick{});
    CHECK(bus.retire<ClockTick>() == 0);
    bus.emit(TaskCompleted{});
    CHECK(seqs_of(bus.history().query()) == Seqs{1, 3});
}

}  // namespace

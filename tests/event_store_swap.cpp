#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

void append(EventStore& store, int count) {
    for (int i = 0; i < count; ++i) store.append(ClockTick{i});
}

TEST_CASE("swapped stores exchange records, limits and policies", "[event_store]") {
    EventStore one({.capacity = 3});
    EventStore other({.capacity = 5, .max_payload_bytes = 10, .policies = {{"task.*", KeepNone{}}}});
    append(one, 7);
    append(other, 2);
    one.swap(other);

    CHECK(one.capacity() == 5);
    CHECK(other.capacity() == 3);
    CHECK(seqs_of(one.query()) == Seqs{1, 2});
    CHECK(seqs_of(other.query()) == Seqs{5, 6, 7});
    CHECK(one.append(TaskFailed{}).outcome == Outcome::not_kept);
    CHECK(other.append(TaskFailed{}).outcome == Outcome::recorded);
    CHECK(record_of(one, Blob{11}).truncated());
    CHECK_FALSE(record_of(other, Blob{11}).truncated());
}

TEST_CASE("the sequence goes on after the largest seq that a swapped store holds", "[event_store]") {
    EventStore one, other;
    append(one, 7);
    append(other, 2);
    one.swap(other);
    CHECK(one.last_seq() == 7);    // its own
    CHECK(other.last_seq() == 7);  // that of the records it got
    CHECK(one.append(ClockTick{}).seq == 8);
    CHECK(other.append(ClockTick{}).seq == 8);
    CHECK(seqs_of(one.query()) == Seqs{1, 2, 8});
    CHECK(seqs_of(other.query()) == Seqs{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK_FALSE(one.find(8).value() == other.find(8).value());
}

TEST_CASE("swapping with itself or with an empty store is as one expects", "[event_store]") {
    EventStore store;
    append(store, 3);
    store.swap(store);
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 3});
    CHECK(store.append(ClockTick{}).seq == 4);

    EventStore empty;
    store.swap(empty);
    CHECK(store.size() == 0);
    CHECK(store.last_seq() == 4);
    CHECK(empty.size() == 4);
    CHECK(empty.bytes() > 0);
    store.swap(empty);
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 3, 4});
}

TEST_CASE("the counters go with the records", "[event_store][promise-8]") {
    EventStore one({.capacity = 1}), other;
    append(one, 3);
    append(other, 5);
    one.swap(other);
    for (EventStore* store : {&one, &other}) {
        const StoreStatistics stats = store->stats();
        CHECK(stats.stored - stats.evicted == stats.size);
    }
}

TEST_CASE("a bus whose store was swapped goes on in the new one", "[event_store]") {
    EventBus bus{{.history = {.policies = {{"clock.*", KeepNone{}}}}}};
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::not_kept);
    EventStore fresh({.capacity = 2});
    append(fresh, 9);
    bus.history().swap(fresh);
    CHECK(bus.emit(ClockTick{}).seq == 10);
    CHECK(bus.emit(ClockTick{}).outcome == Outcome::recorded);
    CHECK(seqs_of(bus.history().query()) == Seqs{10, 11});
    CHECK_THROWS_AS(bus.history().append(ClockTick{}), InvalidArgument);
    CHECK_NOTHROW(fresh.append(TaskFailed{}));
}

/// Runs something in the middle of an append.
struct Meddle {
    bool should_store(const Record&) const {
        if (*act) std::exchange(*act, nullptr)();
        return true;
    }
    std::size_t capacity() const {
        if (*when_asked_for_capacity) std::exchange(*when_asked_for_capacity, nullptr)();
        return 10;
    }
    std::shared_ptr<std::function<void()>> when_asked_for_capacity = std::make_shared<std::function<void()>>();
    std::shared_ptr<std::function<void()>> act = std::make_shared<std::function<void()>>();
};

TEST_CASE("the limits of a store that is swapped in the middle of an append hold for that event",
          "[event_store][promise-11]") {
    const Meddle meddle;
    const HistoryOptions wide{.policies = {{"data.*", meddle}}};
    const HistoryOptions narrow{.max_payload_bytes = 10};
    SECTION("in a store of its own") {
        EventStore store(wide), other(narrow);
        *meddle.act = [&] { store.swap(other); };
        CHECK(record_of(store, Blob{11}).truncated());
    }
    SECTION("the other way round") {
        EventStore store({.max_payload_bytes = 10, .policies = {{"data.*", meddle}}}), other;
        *meddle.act = [&] { store.swap(other); };
        CHECK_FALSE(record_of(store, Blob{11}).truncated());
    }
    SECTION("in a bus") {
        EventBus bus{{.history = wide}};
        EventStore other(narrow);
        *meddle.act = [&] { bus.history().swap(other); };
        const Receipt receipt = bus.emit(Blob{11});
        CHECK(bus.history().find(receipt.seq).value().truncated());
    }
    SECTION("and those of policies that change in the middle") {
        EventStore store(wide);
        *meddle.act = [&] { store.set_policies({{"data.*", KeepNone{}}}); };
        CHECK(store.append(Blob{1}).outcome == Outcome::not_kept);
        CHECK(store.stats().refused == 1);
    }
}

TEST_CASE("a store that is swapped while its policies are set has the limits of one moment", "[event_store]") {
    EventStore store({.capacity = 3}), other({.capacity = 5, .max_payload_bytes = 10});
    const Meddle meddle;
    *meddle.when_asked_for_capacity = [&] { store.swap(other); };
    store.set_policies({{"task.*", meddle}});
    CHECK(other.capacity() == 3);
    CHECK(store.capacity() == 5);
    append(store, 9);
    CHECK(store.size() == 5);
    CHECK(record_of(store, Blob{11}).truncated());
}

TEST_CASE("stores are swapped from two sides at once, while others append and query", "[event_store]") {
    EventStore one({.capacity = 50}), other({.capacity = 50});
    std::atomic<bool> twice{false}, disordered{false};
    {
        std::vector<std::jthread> threads;
        threads.emplace_back([&] {
            for (int i = 0; i < 300; ++i) one.swap(other);
        });
        threads.emplace_back([&] {
            for (int i = 0; i < 300; ++i) other.swap(one);
        });
        for (EventStore* store : {&one, &other}) {
            threads.emplace_back([&, store] {
                Seq last = 0;
                for (int i = 0; i < 300; ++i) {
                    const Seq seq = store->append(ClockTick{i}).seq;
                    if (seq <= last) twice = true;
                    last = seq;
                    const Seqs seqs = seqs_of(store->query());
                    if (!std::ranges::is_sorted(seqs)) disordered = true;
                }
            });
        }
    }
    CHECK_FALSE(twice);
    CHECK_FALSE(disordered);
    CHECK(one.size() == 50);
    CHECK(other.size() == 50);
    CHECK(one.stats().stored + other.stats().stored == 600);
}

}  // namespace

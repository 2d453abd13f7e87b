#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_store.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

std::size_t bytes_of_empty_blob() {
    EventStore store;
    store.append(Blob{0});
    return store.bytes();
}

TEST_CASE("a bucket ring keeps the newest of each name and key, after every append", "[event_store][promise-11]") {
    EventStore store({.policies = {{"sensor.*", BucketRing{.capacity = 2}}}});
    const std::vector<std::string> names{"sensor.temperature_of_the_air", "sensor.temperature_of_water"};
    const std::vector<std::string> keys{"north", "south", ""};
    std::vector<std::vector<Seqs>> expected(names.size(), std::vector<Seqs>(keys.size()));
    for (Seq seq = 1; seq <= 60; ++seq) {
        const std::size_t name = seq * 7 % 5 % 2, key = seq * 11 % 7 % 3;
        store.append(NamedEvent{names[name]}, {.key = keys[key]});
        Seqs& kept = expected[name][key];
        kept.push_back(seq);
        if (kept.size() > 2) kept.erase(kept.begin());

        Seqs all;
        for (const auto& of_name : expected) {
            for (const Seqs& of_key : of_name) all.insert(all.end(), of_key.begin(), of_key.end());
        }
        std::ranges::sort(all);
        REQUIRE(seqs_of(store.query()) == all);
    }
    CHECK(seqs_of(store.query({.name = names[0], .key = "north"})) == expected[0][0]);
}

TEST_CASE("beyond max_keys the least recently written bucket goes as a whole", "[event_store][promise-11]") {
    EventStore store({.policies = {{"clock.*", BucketRing{.capacity = 3, .max_keys = 2}}}});
    const auto append = [&](const char* key) { return store.append(ClockTick{}, {.key = key}).seq; };
    append("a");
    append("a");
    append("b");
    append("a");
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 3, 4});
    append("c");  // b was written longest ago, though a is older
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 4, 5});
    append("c");
    append("a");
    append("d");
    CHECK(seqs_of(store.query()) == Seqs{2, 4, 7, 8});
    const StoreStatistics stats = store.stats();
    CHECK(stats.policies.front().keys == 2);
    CHECK(stats.policies.front().size == 4);
    CHECK(stats.evicted == 4);
}

TEST_CASE("max_keys bounds the keys of each rule by itself", "[event_store][promise-11]") {
    EventStore store({.policies = {{"clock.*", BucketRing{.capacity = 1, .max_keys = 1}},
                                   {"task.*", BucketRing{.capacity = 1, .max_keys = 2}}}});
    for (int i = 0; i < 3; ++i) {
        store.append(ClockTick{}, {.key = std::to_string(i)});
        store.append(TaskCompleted{}, {.key = std::to_string(i)});
    }
    CHECK(seqs_of(store.query()) == Seqs{4, 5, 6});
}

TEST_CASE("beyond max_total_bytes the oldest records of all go, and no more than must", "[event_store][promise-11]") {
    const std::size_t header = bytes_of_empty_blob();
    EventStore store({.max_total_bytes = 3 * header + 100, .policies = {{"data.*", BucketRing{.capacity = 100}}}});
    store.append(Blob{0});
    store.append(Blob{50}, {.key = "k"});
    store.append(Blob{49});
    CHECK(store.bytes() == 3 * header + 100);
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 3});

    store.append(Blob{51});  // 2 is not needed to go, 1 is
    CHECK(seqs_of(store.query()) == Seqs{3, 4});
    CHECK(store.bytes() == 2 * header + 100);
    store.append(Blob{0});
    CHECK(seqs_of(store.query()) == Seqs{3, 4, 5});

    store.append(Blob{2 * header + 100});
    CHECK(seqs_of(store.query()) == Seqs{6});
    CHECK(store.bytes() == 3 * header + 100);

    SECTION("an event that is larger than all may be is not kept, and makes nobody go") {
        const Receipt receipt = store.append(Blob{2 * header + 101});
        CHECK(receipt.outcome == Outcome::not_kept);
        CHECK(receipt.seq == 7);
        CHECK(seqs_of(store.query()) == Seqs{6});
        CHECK(store.stats().refused == 1);
    }
    SECTION("even if its size is the largest number") {
        EventStore boundless({.max_payload_bytes = no_limit, .max_total_bytes = 1000});
        CHECK(boundless.append(Blob{no_limit}).outcome == Outcome::not_kept);
        CHECK(boundless.append(Blob{no_limit - header + 1}).outcome == Outcome::not_kept);
        CHECK(boundless.size() == 0);
    }
}

TEST_CASE("the limit on bytes counts texts and metadata", "[event_store][promise-11]") {
    const std::size_t header = bytes_of_empty_blob();
    EventStore store({.max_total_bytes = header + 1000});
    const std::string text(1000, 't');
    CHECK(store.append(Blob{0}, {.correlation = text}).outcome == Outcome::recorded);
    CHECK(store.append(Blob{1}, {.correlation = text}).outcome == Outcome::not_kept);
    CHECK(store.append(Blob{0}, {.metadata = {{"name", text}}}).outcome == Outcome::not_kept);
    CHECK(seqs_of(store.query()) == Seqs{1});
}

TEST_CASE("the payload is left out exactly above max_payload_bytes", "[event_store][promise-11]") {
    EventStore store({.max_payload_bytes = 100});
    for (const std::size_t bytes : {99u, 100u, 101u, 100'000'000u}) {
        const Receipt receipt = store.append(Blob{bytes});
        CHECK(receipt.outcome == Outcome::recorded);
        CHECK(store.find(receipt.seq).value().truncated() == (bytes > 100));
    }
    CHECK(store.stats().truncated == 2);
    CHECK(store.stats().stored == 4);

    EventStore none({.max_payload_bytes = 0});
    CHECK(record_of(none, Blob{1}).truncated());
    CHECK_FALSE(record_of(none, Blob{0}).truncated());
}

TEST_CASE("options that make no sense are refused with a text that names the culprit", "[event_store]") {
    const auto store_with = [](const HistoryOptions& options) { const EventStore store(options); };
    const auto bucket_ring = [&](BucketRing policy) {
        store_with({.policies = {{"fine.*", KeepNone{}}, {"bad.rule.*", policy}}});
    };
    CHECK_THROWS_AS(store_with({.capacity = no_limit}), InvalidArgument);
    CHECK_THROWS_WITH(store_with({.capacity = no_limit}), Contains("history.capacity"));
    CHECK_THROWS_AS(bucket_ring({.capacity = 0}), InvalidArgument);
    CHECK_THROWS_WITH(bucket_ring({.capacity = 0}), Contains("bad.rule.*") && Contains("capacity"));
    CHECK_THROWS_AS(bucket_ring({.max_keys = 0}), InvalidArgument);
    CHECK_THROWS_WITH(bucket_ring({.max_keys = 0}), Contains("bad.rule.*") && Contains("max_keys"));
    CHECK_NOTHROW(bucket_ring({.capacity = 1, .max_keys = 1}));
    CHECK_NOTHROW(store_with({.capacity = 0, .max_payload_bytes = 0, .max_total_bytes = 0}));
    CHECK_NOTHROW(store_with({.max_payload_bytes = no_limit, .max_total_bytes = no_limit}));
}

TEST_CASE("a bucket ring with a capacity that no memory holds is refused, or works", "[event_store]") {
    // What must not be is a store that is made, and then fails at every event.
    try {
        EventStore store({.policies = {{"clock.*", BucketRing{.capacity = no_limit}}}});
        CHECK(store.append(ClockTick{}).outcome == Outcome::recorded);
    } catch (const InvalidArgument& refused) {
        CHECK_THAT(refused.what(), Contains("clock.*") && Contains("capacity"));
    }
}

struct KeepsEverything {
    bool should_store(const Record&) const { return true; }
    std::size_t capacity() const { return no_limit; }
};

TEST_CASE("a user's policy with a capacity that no memory holds is refused, or works", "[event_store]") {
    try {
        EventStore store({.policies = {{"clock.*", KeepsEverything{}}}});
        CHECK(store.append(ClockTick{}).outcome == Outcome::recorded);
    } catch (const InvalidArgument& refused) {
        CHECK_THAT(refused.what(), Contains("clock.*") && Contains("capacity"));
    }
}

}  // namespace

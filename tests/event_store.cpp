#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_store.hpp>

#include <string>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("an empty store says so", "[event_store]") {
    const EventStore store;
    CHECK(store.capacity() == 1000);
    CHECK(store.size() == 0);
    CHECK(store.bytes() == 0);
    CHECK(store.oldest_seq() == 0);
    CHECK(store.newest_seq() == 0);
    CHECK(store.last_seq() == 0);
    CHECK_FALSE(store.find(0));
    CHECK_FALSE(store.find(1));
    const StoreStatistics stats = store.stats();
    CHECK(stats.size == 0);
    CHECK(stats.stored == 0);
}

TEST_CASE("appended events get the seqs 1, 2, 3 ... and are found by them", "[event_store]") {
    EventStore store;
    for (Seq seq = 1; seq <= 5; ++seq) {
        const Receipt receipt = store.append(ClockTick{static_cast<int>(seq)});
        CHECK(receipt);
        CHECK(receipt.seq == seq);
        CHECK(receipt.outcome == Outcome::recorded);
        CHECK(receipt.matched == 0);
        CHECK(store.last_seq() == seq);
        CHECK(store.newest_seq() == seq);
    }
    CHECK(store.oldest_seq() == 1);
    CHECK(store.size() == 5);
    for (Seq seq = 1; seq <= 5; ++seq) {
        const Record found = store.find(seq).value();
        CHECK(found.seq() == seq);
        CHECK(found.as<ClockTick>().number == static_cast<int>(seq));
    }
    CHECK_FALSE(store.find(0));
    CHECK_FALSE(store.find(6));
}

TEST_CASE("an appended event waits for nobody", "[event_store]") {
    EventStore store;
    const Receipt receipt = store.append(ClockTick{});
    receipt.wait();
    CHECK(receipt.wait_for(Duration::zero()));
}

TEST_CASE("an event that is not kept takes a seq all the same", "[event_store]") {
    EventStore store({.policies = {{"clock.*", KeepNone{}}}});
    CHECK(store.append(TaskCompleted{}).seq == 1);
    const Receipt receipt = store.append(ClockTick{});
    CHECK(receipt.seq == 2);
    CHECK(receipt.outcome == Outcome::not_kept);
    CHECK(store.append(TaskCompleted{}).seq == 3);
    CHECK_FALSE(store.find(2));
    CHECK(store.last_seq() == 3);
    CHECK(store.append(ClockTick{}).seq == 4);
    CHECK(store.newest_seq() == 3);
    CHECK(store.last_seq() == 4);
}

TEST_CASE("the shared ring keeps the newest", "[event_store]") {
    EventStore store({.capacity = 3});
    CHECK(store.capacity() == 3);
    for (int i = 0; i < 10; ++i) {
        store.append(ClockTick{i});
        CHECK(store.size() == std::min<std::size_t>(static_cast<std::size_t>(i) + 1, 3));
    }
    CHECK(seqs_of(store.query()) == Seqs{8, 9, 10});
    CHECK(store.oldest_seq() == 8);
    CHECK_FALSE(store.find(7));
    CHECK(store.find(8));
}

TEST_CASE("a store with a capacity of 0 keeps nothing", "[event_store]") {
    EventStore store({.capacity = 0});
    const Receipt receipt = store.append(ClockTick{});
    CHECK(receipt.seq == 1);
    CHECK(receipt.outcome == Outcome::not_kept);
    CHECK(store.size() == 0);
    CHECK(store.query().empty());
    CHECK(store.last_seq() == 1);
}

TEST_CASE("clear lets go of all records; counters and the sequence go on", "[event_store]") {
    EventStore store({.capacity = 3, .policies = {{"agent.*", BucketRing{}}}});
    const std::string agent = "the agent whose heart beats";
    store.append(Heartbeat{agent});
    for (int i = 0; i < 4; ++i) store.append(ClockTick{i});
    store.clear();
    CHECK(store.size() == 0);
    CHECK(store.bytes() == 0);
    CHECK(store.query().empty());
    CHECK(store.oldest_seq() == 0);
    CHECK(store.newest_seq() == 0);
    CHECK(store.last_seq() == 5);
    CHECK(store.stats().stored == 5);
    CHECK(store.stats().evicted == 1);
    for (const PolicyStatistics& policy : store.stats().policies) CHECK(policy.size == 0);

    CHECK(store.append(Heartbeat{agent}).seq == 6);
    CHECK(store.append(ClockTick{}).seq == 7);
    CHECK(seqs_of(store.query()) == Seqs{6, 7});
    CHECK(store.stats().stored == 7);
    CHECK(store.stats().evicted == 1);
    store.clear();
    store.clear();
    CHECK(store.size() == 0);
}

TEST_CASE("the bytes are those of the records kept, payloads at their declared size", "[event_store]") {
    EventStore store({.max_payload_bytes = 1000});
    store.append(Blob{0});
    const std::size_t header = store.bytes();
    CHECK(header > 0);
    store.append(Blob{700});
    CHECK(store.bytes() == 2 * header + 700);
    store.append(Blob{1001});
    CHECK(store.bytes() == 3 * header + 700);
    store.append(Blob{0}, {.source = "12345", .key = "123", .correlation = "1234567"});
    CHECK(store.bytes() == 4 * header + 700 + 15);
    CHECK(store.stats().bytes == store.bytes());
    CHECK(store.stats().size == store.size());
}

TEST_CASE("the counters start at zero again when they are told", "[event_store]") {
    EventStore store({.capacity = 1, .max_payload_bytes = 10, .policies = {{"clock.*", KeepNone{}}}});
    store.append(ClockTick{});
    store.append(Blob{1});
    store.append(Blob{100});
    CHECK(store.stats().stored == 2);
    CHECK(store.stats().evicted == 1);
    CHECK(store.stats().refused == 1);
    CHECK(store.stats().truncated == 1);
    store.reset_stats();
    const StoreStatistics stats = store.stats();
    CHECK(stats.stored + stats.evicted + stats.refused + stats.truncated == 0);
    CHECK(stats.size == 1);
    CHECK(stats.policies.back().size == 1);
    store.append(Blob{1});
    CHECK(store.stats().stored == 1);
    CHECK(store.stats().evicted == 1);
    CHECK(store.last_seq() == 4);
}

}  // namespace

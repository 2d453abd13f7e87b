#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// All that a call which throws must leave as it was.
struct Look {
    explicit Look(const EventStore& store)
        : kept(seqs_of(store.query())), last(store.last_seq()), bytes(store.bytes()), stats(store.stats()) {}
    friend bool operator==(const Look& a, const Look& b) {
        return a.kept == b.kept && a.last == b.last && a.bytes == b.bytes && a.stats.stored == b.stats.stored &&
               a.stats.evicted == b.stats.evicted && a.stats.refused == b.stats.refused &&
               a.stats.truncated == b.stats.truncated;
    }
    Seqs kept;
    Seq last;
    std::size_t bytes;
    StoreStatistics stats;
};

TEMPLATE_TEST_CASE_SIG("an event whose own functions throw has not been emitted", "[event_store][promise-6]",
                       ((Fragile::Step step), step), Fragile::Step::key, Fragile::Step::size, Fragile::Step::copy) {
    const int alive = Fragile::alive;
    const Fragile event(step);
    const auto is_refused = [&](EventStore& store, auto emit) {
        const Look before(store);
        CHECK_THROWS_WITH(emit(), "fragile");
        CHECK(Look(store) == before);
        CHECK(Fragile::alive == alive + 1);
    };
    SECTION("by a store") {
        EventStore store({.capacity = 1});
        store.append(ClockTick{});
        is_refused(store, [&] { store.append(event); });
        CHECK(store.append(ClockTick{}).seq == 2);
    }
    SECTION("by a bus") {
        EventBus bus{{.history = {.capacity = 1}}};
        bus.emit(ClockTick{});
        is_refused(bus.history(), [&] { bus.emit(event); });
        CHECK(bus.emit(ClockTick{}).seq == 2);
        CHECK(bus.stats().emitted == 2);
    }
}

TEST_CASE("a name that is none refuses the event", "[event_store][promise-6]") {
    EventStore store;
    for (const char* name : {"", ".", "a..b", "a b", "a.*", "*", "a.b."}) {
        const Look before(store);
        CHECK_THROWS_AS(store.append(NamedEvent{name}), InvalidName);
        CHECK_THROWS_WITH(store.append(NamedEvent{name}), Contains(name));
        CHECK(Look(store) == before);
    }
    CHECK_THROWS_AS(store.append(NamedEvent{std::string(256, 'n')}), InvalidName);
    CHECK_NOTHROW(store.append(NamedEvent{std::string(255, 'n')}));
    CHECK(store.find(1).value().matches(std::string(255, 'n')));
}

TEST_CASE("names that begin with hindsight are the library's", "[event_store]") {
    EventStore store;
    CHECK_THROWS_AS(store.append(NamedEvent{"hindsight.handler_error"}), InvalidName);
    CHECK_THROWS_AS(store.append(NamedEvent{"hindsight"}), InvalidName);
    CHECK_THROWS_WITH(store.append(NamedEvent{"hindsight.own"}), Contains("hindsight.own"));
    CHECK_NOTHROW(store.append(NamedEvent{"hindsights.of_the_day_before"}));
    CHECK_NOTHROW(store.append(NamedEvent{"my.hindsight.on_all_that_was"}));
}

TEST_CASE("texts that are too long refuse the event, and are named", "[event_store][promise-6]") {
    EventStore store;
    const std::string most(65535, 'x'), more(65536, 'x');
    const auto is_refused = [&](const EmitOptions& options, const char* what) {
        const Look before(store);
        CHECK_THROWS_AS(store.append(ClockTick{}, options), InvalidArgument);
        CHECK_THROWS_WITH(store.append(ClockTick{}, options), Contains(what) && Contains("65536"));
        CHECK(Look(store) == before);
    };
    is_refused({.source = more}, "source");
    is_refused({.key = more}, "key");
    is_refused({.correlation = more}, "correlation");
    CHECK_THROWS_WITH(store.append(Heartbeat{more}), Contains("key"));
    CHECK(store.last_seq() == 0);

    const Record record = record_of(store, ClockTick{}, {.source = most, .key = most, .correlation = most});
    CHECK(record.source() == most);
    CHECK(record.key() == most);
    CHECK(record.correlation() == most);

    const std::string large(std::size_t{1} << 24, 'm');
    const std::pair<std::string_view, std::string_view> entry{large, large};
    const EmitOptions too_much{.metadata = {entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
                                            entry, entry, entry, entry, entry, entry, entry, entry, entry, entry, entry,
                                            entry, entry, entry, entry, entry, entry, entry, entry, entry, entry}};
    CHECK_THROWS_AS(store.append(ClockTick{}, too_much), InvalidArgument);
    CHECK_THROWS_WITH(store.append(ClockTick{}, too_much), Contains("metadata"));
    CHECK(store.last_seq() == 1);
}

/// Calls `act` with ever more allocations allowed until it succeeds; `check` looks after each failure, and is told how
/// many bytes it left behind.
template <class Act, class Check>
void with_failing_allocations(Act act, Check check) {
    for (std::size_t allowed = 0; allowed < 1000; ++allowed) {
        const std::size_t before = allocated_bytes;
        bool failed = false;
        try {
            const FailAllocationsAfter fail(allowed);
            act();
        } catch (const std::bad_alloc&) {
            failed = true;
        }
        if (!failed) return;
        const std::size_t left_behind = allocated_bytes - before;
        INFO("allocations allowed: " << allowed);
        check(left_behind);
    }
    FAIL("does not succeed, whatever is allowed");
}

TEST_CASE("an append without memory for it has not been made", "[event_store][promise-6]") {
    EventStore store({.max_payload_bytes = 100, .policies = {{"task.*", BucketRing{}}}});
    store.append(ClockTick{});
    const std::string long_text(100, 'l');
    const Look before(store);
    SECTION("to the shared ring") {
        const auto check = [&](std::size_t left_behind) {
            CHECK(left_behind == 0);
            REQUIRE(Look(store) == before);
        };
        with_failing_allocations([&] { store.append(ClockTick{}); }, check);
        CHECK(seqs_of(store.query()) == Seqs{1, 2});
    }
    SECTION("to a new bucket") {
        const TaskCompleted event{long_text};
        with_failing_allocations([&] { store.append(event, {.key = long_text}); },
                                 [&](std::size_t) { REQUIRE(Look(store) == before); });
        CHECK(seqs_of(store.query()) == Seqs{1, 2});
    }
    SECTION("without its payload, over-aligned") {
        EventStore small({.max_payload_bytes = 0});
        with_failing_allocations([&] { small.append(OverAligned{}); },
                                 [&](std::size_t) { REQUIRE(small.last_seq() == 0); });
        CHECK(small.size() == 1);
    }
}

TEST_CASE("a query without memory for its result leaves the store usable", "[event_store][promise-6]") {
    EventStore store;
    for (int i = 0; i < 100; ++i) store.append(ClockTick{i});
    std::size_t found = 0;
    const Query query{.pattern = "clock.*", .where = [](const Record& record) { return record.seq() > 50; }};
    with_failing_allocations([&] { found = store.query(query).size(); },
                             [&](std::size_t) { REQUIRE(store.size() == 100); });
    CHECK(found == 50);
    with_failing_allocations([&] { found = store.stats().policies.size(); },
                             [&](std::size_t) { REQUIRE(store.size() == 100); });
    CHECK(found > 0);
}

TEST_CASE("a change of policies without memory for it has not been made", "[event_store][promise-6]") {
    EventStore store;
    for (int i = 0; i < 20; ++i) store.append(ClockTick{i}, {.key = std::to_string(i)});
    const Look before(store);
    const std::vector<PolicyRule> rules{{"clock.*", BucketRing{.capacity = 2, .max_keys = 10}}};
    with_failing_allocations([&] { store.set_policies(rules); }, [&](std::size_t) { REQUIRE(Look(store) == before); });
    CHECK(store.size() == 10);
}

TEST_CASE("a thread's first event without memory for it has not been emitted", "[event_store][promise-6]") {
    EventStore store;
    const int alive = Fragile::alive;
    for (std::size_t allowed = 0; store.size() == 0; ++allowed) {
        REQUIRE(allowed < 100);
        std::thread([&] {
            const Fragile event;
            const FailAllocationsAfter fail(allowed);
            try {
                store.append(event);
            } catch (const std::bad_alloc&) {}
        }).join();
        INFO("allocations allowed: " << allowed);
        REQUIRE(Fragile::alive - alive == static_cast<int>(store.size()));
        REQUIRE(store.last_seq() == store.size());
    }
}

}  // namespace

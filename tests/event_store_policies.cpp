#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// Keeps the even ones; throws at multiples of ten.
struct KeepEven {
    bool should_store(const Record& record) const {
        ++*asked;
        CHECK(record.seq() == 0);
        const int number = record.as<ClockTick>().number;
        if (number % 10 == 0) throw std::runtime_error("no idea");
        return number % 2 == 0;
    }
    std::size_t capacity() const { return 3; }
    std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
};

/// Keeps all, as many as somebody says at the moment.
struct KeepAsToldNow {
    bool should_store(const Record&) const { return true; }
    std::size_t capacity() const { return *now; }
    std::shared_ptr<std::size_t> now = std::make_shared<std::size_t>(2);
};

TEST_CASE("the first rule that matches decides", "[event_store][retention]") {
    EventStore store({.policies = {{"task.failed", SharedRing{}},
                                   {"task.*", KeepNone{}},
                                   {"task.completed", BucketRing{}},
                                   {"*", BucketRing{.capacity = 2}}}});
    for (int i = 0; i < 3; ++i) {
        store.append(TaskFailed{});
        store.append(TaskCompleted{});
        store.append(ClockTick{});
    }
    CHECK(seqs_of(store.query()) == Seqs{1, 4, 6, 7, 9});
    CHECK(store.stats().policies[1].refused == 3);
    CHECK(store.stats().policies[2].stored == 0);
}

TEST_CASE("KeepNone keeps nothing, and counts it", "[event_store][retention]") {
    EventStore store({.policies = {{"clock.*", KeepNone{}}}});
    CHECK(store.append(ClockTick{}).outcome == Outcome::not_kept);
    CHECK(store.append(TaskCompleted{}).outcome == Outcome::recorded);
    const StoreStatistics stats = store.stats();
    REQUIRE(stats.policies.size() >= 2);
    CHECK(stats.policies[0].pattern == "clock.*");
    CHECK(stats.policies[0].capacity == 0);
    CHECK(stats.policies[0].refused == 1);
    CHECK(stats.policies[0].stored == 0);
    CHECK(stats.refused == 1);
    CHECK(stats.stored == 1);
}

TEST_CASE("buckets are counted by the key, which is the emitter's, the event's or the source",
          "[event_store][retention]") {
    EventStore store({.policies = {{"*", BucketRing{.capacity = 1}}}});
    SECTION("by the event's key") {
        const std::string one = "the first agent of all", other = "the second agent of all";
        store.append(Heartbeat{one}, {.source = "x"});
        store.append(Heartbeat{other}, {.source = "x"});
        store.append(Heartbeat{one}, {.source = "y"});
        CHECK(seqs_of(store.query()) == Seqs{2, 3});
        store.append(Heartbeat{"somebody quite different"}, {.key = one});
        CHECK(seqs_of(store.query()) == Seqs{2, 4});
    }
    SECTION("by the source") {
        store.append(ClockTick{}, {.source = "x"});
        store.append(ClockTick{}, {.source = "y"});
        store.append(ClockTick{}, {.source = "x"});
        CHECK(seqs_of(store.query()) == Seqs{2, 3});
        store.append(ClockTick{}, {.source = "z", .key = "y"});
        CHECK(seqs_of(store.query()) == Seqs{3, 4});
    }
    SECTION("without either all share one") {
        store.append(ClockTick{});
        store.append(ClockTick{});
        CHECK(seqs_of(store.query()) == Seqs{2});
        store.append(TaskCompleted{});  // but not with events of another name
        CHECK(seqs_of(store.query()) == Seqs{2, 3});
    }
    SECTION("name and key are not confused") {
        store.append(NamedEvent{"the.first_half_of_it.second"}, {.key = "x"});
        store.append(NamedEvent{"the.first_half_of_it"}, {.key = ".secondx"});
        store.append(NamedEvent{"the.first_half_of_it"}, {.key = "x"});
        CHECK(seqs_of(store.query()) == Seqs{1, 2, 3});
    }
}

TEST_CASE("a user's policy decides on each event, and keeps as many as it says", "[event_store][retention]") {
    const KeepEven policy;
    EventStore store({.policies = {{"clock.*", policy}}});
    for (int number = 1; number <= 16; ++number) {
        const bool keeps = number % 2 == 0 && number % 10 != 0;
        CHECK((store.append(ClockTick{number}).outcome == Outcome::recorded) == keeps);
    }
    CHECK(*policy.asked == 16);
    CHECK(seqs_of(store.query()) == Seqs{12, 14, 16});

    const PolicyStatistics stats = store.stats().policies.front();
    CHECK(stats.pattern == "clock.*");
    CHECK(stats.capacity == 3);
    CHECK(stats.size == 3);
    CHECK(stats.stored == 7);
    CHECK(stats.evicted == 4);
    CHECK(stats.refused == 9);
}

TEST_CASE("what a user's policy turns down is kept nowhere else", "[event_store][retention]") {
    EventStore store({.policies = {{"clock.*", KeepEven{}}, {"*", SharedRing{}}}});
    store.append(ClockTick{1});
    store.append(ClockTick{10});
    CHECK(store.size() == 0);
}

TEST_CASE("a user's policy with a capacity of 0 keeps nothing", "[event_store][retention]") {
    const KeepAsToldNow policy;
    *policy.now = 0;
    EventStore store({.policies = {{"*", policy}}});
    CHECK(store.append(ClockTick{}).outcome == Outcome::not_kept);
    CHECK(store.stats().policies.front().refused == 1);
    CHECK(store.size() == 0);
}

TEST_CASE("the capacity of a user's policy is read when it is put to use, once a rule", "[event_store][retention]") {
    const KeepAsToldNow policy;
    EventStore store({.policies = {{"clock.*", policy}, {"task.*", policy}}});
    *policy.now = 1;
    for (int i = 0; i < 5; ++i) {
        store.append(ClockTick{});
        store.append(TaskFailed{});
    }
    CHECK(seqs_of(store.query()) == Seqs{7, 8, 9, 10});  // each rule keeps its own two
    store.set_policies({{"clock.*", policy}, {"task.*", policy}});
    CHECK(seqs_of(store.query()) == Seqs{9, 10});
}

TEST_CASE("a user's policy that throws costs history the event, but nobody its delivery", "[event_store][retention]") {
    EventBus bus{{.history = {.policies = {{"clock.*", KeepEven{}}}}}};
    int delivered = 0;
    const Subscription direct =
        bus.subscribe<ClockTick>([&](const ClockTick&) { ++delivered; }, {.delivery = Delivery::direct});
    const Receipt thrown = bus.emit(ClockTick{10});
    CHECK(thrown);
    CHECK(thrown.outcome == Outcome::not_kept);
    CHECK(bus.emit(ClockTick{2}).outcome == Outcome::recorded);
    CHECK(delivered == 2);
    CHECK(bus.history().stats().policies.front().refused == 1);
}

TEST_CASE("a large event is delivered whole and kept without its payload", "[event_store][retention]") {
    EventBus bus{{.history = {.max_payload_bytes = 100}}};
    Record delivered;
    const Subscription direct =
        bus.subscribe<Blob>([&](const Record& record) { delivered = record; }, {.delivery = Delivery::direct});
    bus.emit(Blob{101}, {.source = "depot", .metadata = {{"to", "north"}}});
    REQUIRE(delivered);
    CHECK(delivered.as<Blob>().bytes == 101);
    CHECK_FALSE(delivered.truncated());

    const Record kept = bus.history().find(1).value();
    CHECK(kept.truncated());
    CHECK(kept.get_if<Blob>() == nullptr);
    CHECK(kept.metadata("to") == "north");
    CHECK(kept.time() == delivered.time());
    CHECK(kept == delivered);
    CHECK(bus.history().stats().truncated == 1);
}

TEST_CASE("a large event that is moved in is kept with its own name and key, however short",
          "[event_store][retention]") {
    EventBus bus{{.history = {.max_payload_bytes = 1}}};
    bus.emit(Heartbeat{"a1"});
    bus.emit(NamedEvent{"a.b"});
    const std::vector<Record> kept = bus.history().query();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].truncated());
    CHECK(kept[0].key() == "a1");
    CHECK(kept[1].truncated());
    CHECK(kept[1].name() == "a.b");
}

TEST_CASE("the library's own events have a bucket of their own for each handler", "[event_store][retention]") {
    const auto fail = [](const ClockTick&) { throw std::runtime_error("no"); };
    const auto errors_of = [](const EventBus& bus, const std::string& handler) {
        std::size_t count = 0;
        for (const auto& error : bus.history().query<HandlerError>()) count += error->handler == handler ? 1u : 0u;
        return count;
    };
    EventBus bus{{.history = {.capacity = 5}, .on_error = [](const HandlerError&) {}}};
    const Subscription often = bus.subscribe<ClockTick>(fail, {.name = "often", .delivery = Delivery::direct});
    const Subscription once =
        bus.subscribe<ClockTick>(fail, {.name = "once", .delivery = Delivery::direct, .max_deliveries = 1});
    for (int i = 0; i < 40; ++i) bus.emit(ClockTick{});
    CHECK(errors_of(bus, "often") == 16);
    CHECK(errors_of(bus, "once") == 1);
    CHECK(bus.history().query().size() == 5);  // they took no place in the shared ring
}

TEST_CASE("rules with wildcards in front leave the library's events alone; one that names them rules them",
          "[event_store][retention]") {
    const auto errors_kept = [](std::vector<PolicyRule> policies) {
        EventBus bus{{.history = {.policies = std::move(policies)}, .on_error = [](const HandlerError&) {}}};
        const Subscription faulty = bus.subscribe<ClockTick>([](const ClockTick&) { throw std::runtime_error("no"); },
                                                             {.delivery = Delivery::direct});
        for (int i = 0; i < 20; ++i) bus.emit(ClockTick{});
        return bus.history().query<HandlerError>().size();
    };
    CHECK(errors_kept({}) == 16);
    CHECK(errors_kept({{"*", KeepNone{}}}) == 16);
    CHECK(errors_kept({{"*.*", KeepNone{}}}) == 16);
    CHECK(errors_kept({{"hindsight.*", KeepNone{}}}) == 0);
    CHECK(errors_kept({{"hindsight.handler_error", BucketRing{.capacity = 3}}}) == 3);
    CHECK(errors_kept({{"hindsight.*", SharedRing{}}}) == 20);
}

}  // namespace

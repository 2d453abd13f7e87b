#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a bus fills the store that it is given, and its sequence goes on", "[event_store]") {
    const auto store = std::make_shared<EventStore>(HistoryOptions{.capacity = 4});
    store->append(ClockTick{1});
    store->append(ClockTick{2});
    {
        EventBus bus(store, {.history = {.capacity = 1}});
        CHECK(&bus.history() == store.get());
        CHECK(bus.history().capacity() == 4);
        CHECK(bus.emit(TaskFailed{}).seq == 3);
        CHECK(seqs_of(store->query()) == Seqs{1, 2, 3});
        CHECK(store->find(3).value().id().origin == store->find(1).value().id().origin);
    }
    CHECK(seqs_of(store->query()) == Seqs{1, 2, 3});
    CHECK(store->append(ClockTick{}).seq == 4);

    EventBus next(store);
    CHECK(next.emit(ClockTick{}).seq == 5);
    CHECK(seqs_of(store->query()) == Seqs{2, 3, 4, 5});
}

TEST_CASE("a store in a bus takes events from there only", "[event_store]") {
    const auto store = std::make_shared<EventStore>();
    const EventBus bus(store);
    CHECK_THROWS_AS(store->append(ClockTick{}), InvalidArgument);
    CHECK_THROWS_WITH(store->append(ClockTick{}), Contains("belongs to a bus"));
    CHECK(store->last_seq() == 0);

    EventBus own;
    CHECK_THROWS_AS(own.history().append(ClockTick{}), InvalidArgument);
}

TEST_CASE("a store belongs to one bus at a time", "[event_store]") {
    const auto store = std::make_shared<EventStore>();
    std::optional<EventBus> first(std::in_place, store);
    CHECK_THROWS_AS(EventBus(store), InvalidArgument);
    CHECK_THROWS_WITH(EventBus(store), Contains("another bus"));
    CHECK_THROWS_AS(SingleThreadedBus(store), InvalidArgument);
    CHECK(first->emit(ClockTick{}).seq == 1);
    CHECK_THROWS_AS(store->append(ClockTick{}), InvalidArgument);
    first.reset();
    EventBus second(store);
    CHECK(second.emit(ClockTick{}).seq == 2);
}

TEST_CASE("a bus that could not be made has not taken the store", "[event_store][promise-6]") {
    const auto store = std::make_shared<EventStore>();
    CHECK_THROWS_AS(EventBus(store, {.max_depth = 0}), InvalidArgument);
    CHECK_THROWS_AS(SingleThreadedBus(store, {.pool = {.threads = 2}}), InvalidArgument);
    CHECK_NOTHROW(store->append(ClockTick{}));
    EventBus bus(store);
    CHECK(bus.emit(ClockTick{}));
}

TEST_CASE("a bus without a store to share is refused", "[event_store]") {
    CHECK_THROWS_AS(EventBus(std::shared_ptr<EventStore>()), InvalidArgument);
    CHECK_THROWS_WITH(EventBus(std::shared_ptr<EventStore>()), Contains("store") && Contains("null"));
}

TEST_CASE("a single-threaded bus fills a shared store, too", "[event_store]") {
    const auto store = std::make_shared<EventStore>();
    SingleThreadedBus bus(store);
    CHECK(bus.emit(ClockTick{}).seq == 1);
    CHECK(bus.history().size() == 1);

    SingleThreadedBus own{{.history = {.capacity = 2}}};
    for (int i = 0; i < 5; ++i) own.emit(ClockTick{i});
    CHECK(seqs_of(own.history().query()) == Seqs{4, 5});
}

TEST_CASE("history stays readable after shutdown", "[event_store]") {
    EventBus bus;
    bus.emit(ClockTick{1});
    bus.shutdown(0s);
    CHECK(bus.emit(ClockTick{2}).outcome == Outcome::closed);
    CHECK(seqs_of(bus.history().query()) == Seqs{1});
    CHECK(bus.history().last_seq() == 1);
    bus.history().clear();
    CHECK(bus.history().size() == 0);
}

TEST_CASE("ids are unique across buses", "[event_store][record]") {
    EventBus one, other;
    one.emit(ClockTick{});
    other.emit(ClockTick{});
    const Record record = one.history().find(1).value();
    CHECK_FALSE(record == other.history().find(1).value());
    CHECK(record.id().origin != 0);
}

TEST_CASE("a bus records with each event what its emitter said", "[event_store][record]") {
    EventBus bus;
    bus.emit(TaskCompleted{"t1"}, {.source = "workflow_1",
                                   .key = "k",
                                   .severity = Severity::critical,
                                   .correlation = "request 7",
                                   .cause = 42,
                                   .metadata = {{"host", "a"}, {"region", "north"}},
                                   .time = TimePoint{5s}});
    const Record record = bus.history().find(1).value();
    CHECK(record.source() == "workflow_1");
    CHECK(record.key() == "k");
    CHECK(record.severity() == Severity::critical);
    CHECK(record.correlation() == "request 7");
    CHECK(record.cause() == 42);
    CHECK(record.metadata().size() == 2);
    CHECK(record.metadata("region") == "north");
    CHECK(record.time() == TimePoint{5s});
}

TEST_CASE("a bus over the store of one that ended inside a handler knows its own events", "[event_store]") {
    const auto store = std::make_shared<EventStore>();
    auto first = std::make_unique<EventBus>(store);
    std::optional<EventBus> second;
    const Subscription ending = first->subscribe<ClockTick>(
        [&](const ClockTick&) {
            first.reset();
            second.emplace(store, BusOptions{.pool = {.threads = 0}});
        },
        {.delivery = Delivery::direct});
    first->emit(ClockTick{});
    REQUIRE(second);

    const Subscription pending = second->subscribe<ClockTick>([](const ClockTick&) {});
    const Receipt receipt = second->emit(ClockTick{});
    CHECK(receipt.queued == 1);
    CHECK_THROWS_AS(receipt.wait_for(0s), WouldDeadlock);  // no other thread will run it
    second->run_pending();
    CHECK(receipt.wait_for(0s));
}

TEST_CASE("what a bus delivers and no policy keeps is counted as refused", "[event_store][promise-8]") {
    EventBus bus({.history = {.policies = {{"task.completed", KeepNone{}}}}});
    const auto queued = bus.subscribe<TaskCompleted>([](const TaskCompleted&) {});
    bus.emit(TaskCompleted{"one"});
    bus.emit(TaskCompleted{"two"}).wait();
    CHECK(bus.history().stats().refused == 2);
    CHECK(bus.history().stats().stored == 0);
}

}  // namespace

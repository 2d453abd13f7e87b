// Records of another history, or of a file, in a store of their own.
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"
#include "support/records.hpp"
#include "support/refusal.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

struct OnlyLongIds {
    bool should_store(const Record& record) const { return record.as<TaskFailed>().task_id.size() > 1; }
    std::size_t capacity() const { return 2; }
};

void fill(EventStore& store) {
    store.append(TaskCompleted{"a", 1}, {.source = "one", .correlation = "c", .metadata = {{"x", "y"}}});
    store.append(TaskFailed{"b"}, {.source = "two"});
    store.append(TaskFailed{"bb"}, {.cause = 1});
    store.append(NamedEvent{"system.started"}, {.key = "k"});
}

TEST_CASE("restored records can be queried as before", "[event_store]") {
    EventStore original;
    fill(original);
    EventStore store;
    store.restore(original.query());
    CHECK(seqs_of(store.query()) == Seqs{1, 2, 3, 4});
    CHECK(store.query() == original.query());
    CHECK(seqs_of(store.query({.source = "two"})) == Seqs{2});
    CHECK(seqs_of(store.query({.key = "k"})) == Seqs{4});
    CHECK(store.query<TaskCompleted>().at(0)->task_id == "a");
    CHECK(store.query<TaskCompleted>().at(0).metadata("x") == "y");
    CHECK(store.find(3).value().cause() == 1);
    CHECK(store.find(1).value().time() == original.find(1).value().time());
    CHECK(store.find(1).value().id() == original.find(1).value().id());
    CHECK(store.stats().stored == 4);
    CHECK(store.bytes() == original.bytes());
    CHECK(store.append(ClockTick{}).seq == 5);
}

TEST_CASE("a restored store says where records of then may be missing", "[event_store]") {
    EventStore original;
    fill(original);
    EventStore whole;
    whole.restore(original.query());
    CHECK(whole.as_of(3).query().complete());
    EventStore part;
    part.restore(original.query({.after_seq = 2}));
    const auto answer = part.as_of(4).query();
    REQUIRE(answer.gap);
    CHECK(answer.gap->last == 2);
    CHECK(seqs_of(answer.records) == Seqs{3, 4});
    part.append(ClockTick{});
    CHECK(part.as_of(5).query().complete());
}

TEST_CASE("the original history goes on undisturbed", "[event_store]") {
    EventStore original({.capacity = 4});
    fill(original);
    EventStore store({.capacity = 2});
    store.restore(original.query());
    CHECK(seqs_of(store.query()) == Seqs{3, 4});
    CHECK(seqs_of(original.query()) == Seqs{1, 2, 3, 4});
    for (int i = 0; i < 4; ++i) original.append(ClockTick{i});
    store.append(ClockTick{});
    CHECK(seqs_of(store.query()) == Seqs{4, 5});
    CHECK(seqs_of(original.query()) == Seqs{5, 6, 7, 8});
}

TEST_CASE("restored records are kept as the store's options say", "[event_store]") {
    EventStore original;
    fill(original);
    original.append(Blob{5000});
    EventStore store({.capacity = 3,
                      .max_payload_bytes = 1000,
                      .policies = {{"task.completed", KeepNone{}}, {"task.failed", OnlyLongIds{}}}});
    store.restore(original.query());
    CHECK(seqs_of(store.query()) == Seqs{3, 4, 5});
    CHECK(store.find(5).value().truncated());
    CHECK(store.stats().refused == 2);
    CHECK(store.stats().truncated == 1);
    CHECK(store.last_seq() == 5);
}

TEST_CASE("a bus can go on where records end", "[event_store]") {
    EventStore original;
    fill(original);
    EventBus bus;
    bus.history().restore(original.query());
    CHECK(bus.emit(TaskFailed{"c"}).seq == 5);
    CHECK(seqs_of(bus.history().query({.name = "task.failed"})) == Seqs{2, 3, 5});
}

TEST_CASE("records that nobody else holds are taken over, also those that cannot be copied", "[event_store]") {
    EventStore original;
    original.append(MoveOnly{std::make_unique<int>(7)});
    std::vector<Record> records = original.query();
    EventStore store;
    CHECK(refuses<InvalidArgument>("seq 1 is held elsewhere", [&] { store.restore(records); }));
    CHECK(store.size() == 0);
    original.clear();
    const int* const value = records[0].as<MoveOnly>().value.get();
    store.restore(std::move(records));
    CHECK(store.query<MoveOnly>().at(0)->value.get() == value);
}

TEST_CASE("when memory runs out nothing is restored", "[event_store][promise-6]") {
    EventStore original;
    fill(original);
    std::size_t allowed = 0;
    for (bool ran_out = true; ran_out; ++allowed) {
        EventStore store;
        std::vector<Record> records = original.query();
        try {
            const FailAllocationsAfter limit(allowed);
            store.restore(std::move(records));
            ran_out = false;
        } catch (const std::bad_alloc&) {}
        CAPTURE(allowed);
        REQUIRE(store.size() == (ran_out ? 0 : 4));
        REQUIRE(store.last_seq() == (ran_out ? 0 : 4));
    }
    CHECK(allowed > 5);
    CHECK(original.size() == 4);
}

TEST_CASE("the sequence goes on from the largest seq that can be restored, and no later one can be", "[event_store]") {
    constexpr Seq largest = Seq{1} << 63U;
    EventBus bus;
    CHECK(refuses<InvalidArgument>("the largest is 9223372036854775808", [&] {
        bus.history().restore({Record(envelope_named("edge.beyond", largest + 1))});
    }));
    bus.history().restore({Record(envelope_named("edge.before", 3)), Record(envelope_named("edge.last", largest))});
    std::vector<Seq> delivered;
    const auto late = bus.subscribe("edge.*", [&](const Record& record) { delivered.push_back(record.seq()); },
                                    {.delivery = Delivery::direct, .replay = Replay::from_seq(largest)});
    CHECK(bus.emit(NamedEvent{"edge.after"}).seq == largest + 1);
    CHECK(delivered == std::vector<Seq>{largest, largest + 1});
    CHECK(seqs_of(bus.history().query({.after_seq = largest})) == Seqs{largest + 1});
    CHECK(seqs_of(bus.history().query({.before_seq = largest + 1})) == Seqs{3, largest});
    CHECK(bus.history().find(largest + 1)->name() == "edge.after");
    CHECK(bus.history().as_of(largest + 1).query({.after_seq = 3}).records.size() == 2);
}

TEST_CASE("what cannot be restored is refused and changes nothing", "[event_store]") {
    EventStore original;
    fill(original);
    std::vector<Record> backwards = original.query();
    std::swap(backwards[1], backwards[2]);
    EventStore store;
    CHECK(refuses<InvalidArgument>("seq 2 after one with 3", [&] { store.restore(backwards); }));
    CHECK(refuses<InvalidArgument>("seq 0", [&] { store.restore({Record()}); }));
    const Record first = original.find(1).value();
    CHECK(refuses<InvalidArgument>("seq 1 after one with 1", [&] { store.restore({first, first}); }));
    CHECK(store.size() == 0);
    CHECK(store.last_seq() == 0);
    store.restore({});
    store.append(ClockTick{});
    CHECK(refuses<InvalidArgument>("has had events already", [&] { store.restore(original.query()); }));
    CHECK(seqs_of(store.query()) == Seqs{1});
    CHECK(store.query<ClockTick>().size() == 1);
}

}  // namespace

#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/record.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("a payload is read as the type that was emitted, and no other", "[record]") {
    EventStore store;
    const Record record = record_of(store, TaskCompleted{"t1", 5.2});
    REQUIRE(record.get_if<TaskCompleted>() != nullptr);
    CHECK(record.get_if<TaskCompleted>()->task_id == "t1");
    CHECK(record.as<TaskCompleted>().seconds == 5.2);
    CHECK(record.get_if<TaskFailed>() == nullptr);
    CHECK(record.get_if<NamedEvent>() == nullptr);
    CHECK(payload_of<Alarm>(record_of(store, Alarm::flood)) == Alarm::flood);
}

TEST_CASE("a bad cast names the record and both types", "[record]") {
    EventStore store;
    const Record record = record_of(store, TaskCompleted{"t1"});
    const std::string held = "holds a hindsight::test::TaskCompleted";
    const std::string asked = "asked for hindsight::test::TaskFailed";
    CHECK_THROWS_AS(record.as<TaskFailed>(), BadEventCast);
    CHECK_THROWS_WITH(record.as<TaskFailed>(),
                      Contains("record 1") && Contains("task.completed") && Contains(held) && Contains(asked));

    const Record empty;
    CHECK_THROWS_AS(empty.as<TaskFailed>(), BadEventCast);
    CHECK_THROWS_WITH(empty.as<TaskFailed>(), Contains("empty") && Contains(asked));
}

TEST_CASE("a truncated record has everything but its payload", "[record]") {
    EventStore store({.max_payload_bytes = 100});
    CHECK_FALSE(record_of(store, Blob{100}).truncated());
    const Record record =
        record_of(store, Blob{101}, {.source = "depot", .correlation = "c", .metadata = {{"to", "north"}}});
    CHECK(record.truncated());
    CHECK(record.payload_bytes() == 101);
    CHECK(record.get_if<Blob>() == nullptr);
    CHECK(record.name() == "data.blob");
    CHECK(record.source() == "depot");
    CHECK(record.key() == "depot");
    CHECK(record.correlation() == "c");
    CHECK(record.metadata("to") == "north");
    CHECK_THROWS_WITH(record.as<Blob>(), Contains("without its payload, a hindsight::test::Blob"));
    CHECK_THROWS_AS(TypedRecord<Blob>(record), BadEventCast);
    CHECK(store.query<Blob>().size() == 1);
    CHECK(store.query().size() == 2);
}

TEST_CASE("move-only events are moved in and shared from there", "[record]") {
    EventStore store;
    auto number = std::make_unique<int>(7);
    const int* const address = number.get();
    const Record record = record_of(store, MoveOnly{std::move(number)});
    CHECK(record.as<MoveOnly>().value.get() == address);
    CHECK(*record.as<MoveOnly>().value == 7);
}

TEST_CASE("lvalues and constants are copied, temporaries are moved", "[record]") {
    EventStore store;
    const std::string text(100, 't');
    TaskCompleted event{text};
    const char* const own = event.task_id.data();
    CHECK(payload_of<TaskCompleted>(record_of(store, event)).task_id == text);
    CHECK(event.task_id == text);
    CHECK(payload_of<TaskCompleted>(record_of(store, std::as_const(event))).task_id == text);
    CHECK(payload_of<TaskCompleted>(record_of(store, std::move(std::as_const(event)))).task_id == text);
    CHECK(event.task_id.data() == own);
    const Record moved = record_of(store, std::move(event));
    CHECK(moved.as<TaskCompleted>().task_id.data() == own);
}

TEST_CASE("over-aligned payloads lie where they must", "[record]") {
    EventStore store;
    for (int number = 0; number < 20; ++number) {
        const std::string source(static_cast<std::size_t>(number), 's');
        const Record record = record_of(store, OverAligned{number}, {.source = source, .metadata = {{"m", "v"}}});
        const OverAligned& payload = record.as<OverAligned>();
        CHECK(reinterpret_cast<std::uintptr_t>(&payload) % alignof(OverAligned) == 0);
        CHECK(payload.number == number);
        CHECK(record.source() == source);
        CHECK(record.metadata("m") == "v");
    }
    EventStore small({.max_payload_bytes = 1});
    CHECK(record_of(small, OverAligned{1}).truncated());
}

TEST_CASE("a payload lives as long as a record of it, and is destroyed once", "[record]") {
    REQUIRE(Fragile::alive == 0);
    Record kept;
    {
        EventStore store;
        kept = record_of(store, Fragile());
        CHECK(Fragile::alive == 1);
        store.clear();
        CHECK(Fragile::alive == 1);
    }
    CHECK(Fragile::alive == 1);
    Record copy = kept;
    kept = Record();
    CHECK(Fragile::alive == 1);
    copy = Record();
    CHECK(Fragile::alive == 0);
}

TEST_CASE("a typed record is its payload, and keeps it alive", "[record]") {
    EventStore store;
    TypedRecord<TaskCompleted> typed(record_of(store, TaskCompleted{"t1", 2.5}));
    store.clear();
    CHECK(typed->task_id == "t1");
    CHECK((*typed).seconds == 2.5);
    CHECK(typed.name() == "task.completed");
    CHECK(typed.seq() == 1);
    const TypedRecord<TaskCompleted> copy = typed;
    CHECK(copy->task_id == "t1");
    CHECK(&*copy == &*typed);
    typed = TypedRecord<TaskCompleted>(record_of(store, TaskCompleted{"t2"}));
    CHECK(typed->task_id == "t2");
    CHECK(copy->task_id == "t1");
    CHECK_THROWS_AS(TypedRecord<TaskFailed>(copy), BadEventCast);
    CHECK_THROWS_AS(TypedRecord<TaskFailed>(Record()), BadEventCast);
}

TEST_CASE("a predicate is any decision on records; one on a payload knows its type", "[record]") {
    EventStore store;
    const Record fast = record_of(store, TaskCompleted{"t1", 1});
    const Record slow = record_of(store, TaskCompleted{"t2", 10});
    const Record tick = record_of(store, ClockTick{});

    CHECK_FALSE(Predicate());
    CHECK(Predicate().payload_type() == nullptr);

    const Predicate any = [](const Record& record) { return record.seq() == 3; };
    CHECK(any);
    CHECK(any.payload_type() == nullptr);
    CHECK(any(tick));
    CHECK_FALSE(any(slow));

    const Predicate is_slow = where<TaskCompleted>([](const TaskCompleted& task) { return task.seconds > 5; });
    CHECK(is_slow);
    CHECK(is_slow.payload_type() == &detail::event_type<TaskCompleted>());
    CHECK(is_slow(slow));
    CHECK_FALSE(is_slow(fast));
    CHECK_FALSE(is_slow(tick));
    CHECK_FALSE(is_slow(Record()));

    EventStore truncating({.max_payload_bytes = 0});
    CHECK_FALSE(is_slow(record_of(truncating, TaskCompleted{"t3", 10})));
}

TEST_CASE("a handler's failure is described as JSON", "[record]") {
    EventStore store;
    HandlerError failure{"slow \"tasks\"", record_of(store, ClockTick{}), nullptr};
    CHECK(failure.event_json() == R"({"handler":"slow \"tasks\"","event":"clock.tick","seq":1,"error":""})");
    failure.error = std::make_exception_ptr(std::runtime_error("no disk"));
    CHECK_THAT(failure.event_json(), Contains(R"("error":"no disk")"));
    failure.error = std::make_exception_ptr(42);
    CHECK_THAT(failure.event_json(), Contains("not a std::exception"));
    failure.record = Record();
    CHECK_THAT(failure.event_json(), Contains(R"("event":"","seq":0)"));
}

}  // namespace

#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/record.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("an empty record gives zeros and empty texts", "[record]") {
    Record moved_from;
    {
        EventStore store;
        moved_from = record_of(store, ClockTick{1});
        const Record taker = std::move(moved_from);
        CHECK(taker);
    }
    for (const Record& record : {Record(), moved_from}) {
        CHECK_FALSE(record);
        CHECK(record.seq() == 0);
        CHECK(record.id() == RecordId{});
        CHECK(record.cause() == 0);
        CHECK(record.time() == TimePoint{});
        CHECK(record.severity() == Severity{});
        CHECK_FALSE(record.replayed());
        CHECK_FALSE(record.truncated());
        CHECK(record.payload_bytes() == 0);
        CHECK(record.name().empty());
        CHECK(record.category().empty());
        CHECK(record.source().empty());
        CHECK(record.key().empty());
        CHECK(record.correlation().empty());
        CHECK(record.metadata().empty());
        CHECK_FALSE(record.metadata("name"));
        CHECK_FALSE(record.matches("*"));
        CHECK(record.get_if<ClockTick>() == nullptr);
        CHECK(record == Record());
    }
}

TEST_CASE("a record says what the emitter said", "[record]") {
    EventStore store;
    const TimePoint time{std::chrono::seconds(1234)};
    const Record record = record_of(store, TaskCompleted{"t1", 5.2},
                                    {.source = "workflow_1",
                                     .key = "the key",
                                     .severity = Severity::warning,
                                     .correlation = "request 7",
                                     .cause = 42,
                                     .metadata = {{"host", "a"}, {"", ""}, {"region", "north"}, {"host", "b"}},
                                     .time = time});
    CHECK(record);
    CHECK(record.seq() == 1);
    CHECK(record.name() == "task.completed");
    CHECK(record.category() == "task");
    CHECK(record.source() == "workflow_1");
    CHECK(record.key() == "the key");
    CHECK(record.severity() == Severity::warning);
    CHECK(record.correlation() == "request 7");
    CHECK(record.cause() == 42);
    CHECK(record.time() == time);
    CHECK(record.payload_bytes() == sizeof(TaskCompleted));
    CHECK_FALSE(record.truncated());
    CHECK_FALSE(record.replayed());

    SECTION("metadata keeps the emitter's order, and is found by its first name") {
        const std::vector<std::pair<std::string_view, std::string_view>> expected{
            {"host", "a"}, {"", ""}, {"region", "north"}, {"host", "b"}};
        CHECK(record.metadata() == expected);
        CHECK(record.metadata("host") == "a");
        CHECK(record.metadata("region") == "north");
        CHECK(record.metadata("") == "");
        CHECK(record.metadata("hos") == std::nullopt);
        CHECK(record.metadata("hosts") == std::nullopt);
    }
    SECTION("it matches patterns by its name") {
        CHECK(record.matches("task.completed"));
        CHECK(record.matches("task.*"));
        CHECK(record.matches("*"));
        CHECK_FALSE(record.matches("task"));
    }
}

TEST_CASE("what the emitter does not say comes from the event's type", "[record]") {
    EventStore store;
    const Record failed = record_of(store, TaskFailed{"t1"});
    CHECK(failed.severity() == Severity::error);
    CHECK(failed.source().empty());
    CHECK(failed.correlation().empty());
    CHECK(failed.cause() == 0);
    CHECK(failed.metadata().empty());

    CHECK(record_of(store, ClockTick{}).severity() == Severity::info);
    CHECK(record_of(store, Blob{1000}).payload_bytes() == 1000);
    CHECK(record_of(store, TaskFailed{}, {.severity = Severity::trace}).severity() == Severity::trace);
}

TEST_CASE("the key is the emitter's, else the event's, else the source", "[record]") {
    EventStore store;
    CHECK(key_of(record_of(store, Heartbeat{"a1"}, {.source = "rack", .key = "own"})) == "own");
    CHECK(key_of(record_of(store, Heartbeat{"a1"}, {.source = "rack"})) == "a1");
    CHECK(key_of(record_of(store, Heartbeat{}, {.source = "rack"})) == "rack");
    CHECK(key_of(record_of(store, ClockTick{}, {.source = "rack", .key = "own"})) == "own");
    CHECK(key_of(record_of(store, ClockTick{}, {.source = "rack"})) == "rack");
    CHECK(key_of(record_of(store, ClockTick{})).empty());
}

TEST_CASE("texts may hold any bytes and outlive what the emitter passed", "[record]") {
    EventStore store;
    std::string source("so\0urce", 7);
    std::string value("\xff\n\"", 3);
    const Record record = record_of(store, NamedEvent{"run.time"}, {.source = source, .metadata = {{"m", value}}});
    source.assign(7, 'x');
    value.assign(3, 'x');
    CHECK(record.source() == std::string_view("so\0urce", 7));
    CHECK(record.metadata("m") == std::string_view("\xff\n\"", 3));
    CHECK(record.name() == "run.time");
    CHECK(record.category() == "run");
}

TEST_CASE("records of one event are equal, and outlive the store", "[record]") {
    std::optional<EventStore> store(std::in_place);
    const auto payload = std::make_shared<int>(7);
    const Record one = record_of(*store, TaskCompleted{"t1"});
    const Record other = record_of(*store, TaskCompleted{"t2"});
    const Record copy = one;
    CHECK(copy == one);
    CHECK(store->find(1).value() == one);
    CHECK_FALSE(one == other);
    CHECK_FALSE(one == Record());

    store.reset();
    CHECK(copy.name() == "task.completed");
    CHECK(copy.as<TaskCompleted>().task_id == "t1");
    CHECK(&copy.as<TaskCompleted>() == &one.as<TaskCompleted>());
}

TEST_CASE("ids are unique beyond one store", "[record]") {
    EventStore store, other;
    const Record first = record_of(store, ClockTick{});
    const Record second = record_of(store, ClockTick{});
    const Record elsewhere = record_of(other, ClockTick{});
    CHECK(first.seq() == elsewhere.seq());
    CHECK(first.id() != elsewhere.id());
    CHECK_FALSE(first == elsewhere);
    CHECK(first.id().origin == second.id().origin);
    CHECK(first.id() < second.id());
    CHECK(second.id().seq == 2);
    CHECK(first.id().origin != 0);
}

TEST_CASE("nothing is viewed through a temporary record", "[record]") {
    const auto can_view = []<class R>(std::type_identity<R>) {
        return requires(R record) {
            std::forward<R>(record).name();
        }
        || requires(R record) {
            std::forward<R>(record).category();
        }
        || requires(R record) {
            std::forward<R>(record).source();
        }
        || requires(R record) {
            std::forward<R>(record).key();
        }
        || requires(R record) {
            std::forward<R>(record).correlation();
        }
        || requires(R record) {
            std::forward<R>(record).metadata();
        }
        || requires(R record) {
            std::forward<R>(record).metadata("m");
        }
        || requires(R record) {
            std::forward<R>(record).template get_if<ClockTick>();
        }
        || requires(R record) {
            std::forward<R>(record).template as<ClockTick>();
        };
    };
    STATIC_REQUIRE_FALSE(can_view(std::type_identity<Record&&>()));
    STATIC_REQUIRE_FALSE(can_view(std::type_identity<const Record&&>()));
    STATIC_REQUIRE(can_view(std::type_identity<const Record&>()));
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Record>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Record>);
}

}  // namespace

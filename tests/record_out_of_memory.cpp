#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_store.hpp>
#include <hindsight/record.hpp>

#include <optional>
#include <thread>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("a thread may let go of a record without any memory, though it never used the library before", "[record]") {
    const int alive = Fragile::alive;
    std::optional<EventStore> store(std::in_place);
    std::optional<Record> record = record_of(*store, Fragile());
    store.reset();
    std::thread([&] {
        const FailAllocationsAfter fail(0);
        record.reset();
    }).join();
    CHECK(Fragile::alive == alive);
}

TEST_CASE("copying, reading and comparing records needs no memory", "[record]") {
    EventStore store;
    const Record record = record_of(store, TaskCompleted{"t1"}, {.source = "s", .metadata = {{"m", "v"}}});
    std::thread([&] {
        const FailAllocationsAfter fail(0);
        const Record copy = record;
        const bool same = copy == record && copy.source() == "s" && copy.metadata("m") == "v" &&
                          copy.get_if<TaskCompleted>() != nullptr && copy.as<TaskCompleted>().task_id == "t1";
        const FailAllocationsAfter catch_may_allocate(never);
        CHECK(same);
    }).join();
}

}  // namespace

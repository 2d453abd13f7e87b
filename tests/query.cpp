#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/query.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TimePoint at(int seconds) {
    return TimePoint(std::chrono::seconds(seconds));
}

/// Ten events; each is emitted at the second that its seq says.
struct TenEvents {
    TenEvents() {
        store.append(TaskCompleted{"t1"}, {.source = "north", .time = at(1)});
        store.append(TaskFailed{"t2"}, {.source = "south", .time = at(2)});
        store.append(Heartbeat{agent}, {.source = "north", .time = at(3)});
        store.append(TaskCompleted{"t3"}, {.source = "north", .severity = Severity::debug, .time = at(4)});
        store.append(NamedEvent{long_name}, {.source = "south", .time = at(5)});
        store.append(ClockTick{6}, {.severity = Severity::warning, .time = at(6)});
        store.append(TaskFailed{"t4"}, {.source = "north", .time = at(7)});
        store.append(Heartbeat{agent}, {.time = at(8)});
        store.append(TaskCompleted{"t5"}, {.source = "south", .key = "own", .time = at(9)});
        store.append(ClockTick{10}, {.severity = Severity::critical, .time = at(10)});
    }

    Seqs seqs(const Query& query) const { return seqs_of(store.query(query)); }

    const std::string agent = "the agent whose heart beats";
    const std::string long_name = "task.step.number_one.has_begun";
    EventStore store;
};

TEST_CASE_METHOD(TenEvents, "a query without conditions gives everything in seq order", "[query]") {
    CHECK(seqs({}) == Seqs{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK(seqs_of(store.query()) == seqs({}));
    CHECK(seqs_of(EventStore().query()).empty());
}

TEST_CASE_METHOD(TenEvents, "each condition selects by itself", "[query]") {
    CHECK(seqs({.name = "task.failed"}) == Seqs{2, 7});
    CHECK(seqs({.name = "task.unheard_of"}).empty());
    CHECK(seqs({.pattern = "task.*"}) == Seqs{1, 2, 4, 5, 7, 9});
    CHECK(seqs({.pattern = "*.*.*"}) == Seqs{5});
    CHECK(seqs({.pattern = "*"}) == seqs({}));
    CHECK(seqs({.category = "task"}) == Seqs{1, 2, 4, 5, 7, 9});
    CHECK(seqs({.category = "tas"}).empty());
    CHECK(seqs({.source = "south"}) == Seqs{2, 5, 9});
    CHECK(seqs({.key = agent}) == Seqs{3, 8});
    CHECK(seqs({.key = "own"}) == Seqs{9});
    CHECK(seqs({.key = "north"}) == Seqs{1, 4, 7});
    CHECK(seqs({.min_severity = Severity::warning}) == Seqs{2, 6, 7, 10});
    CHECK(seqs({.min_severity = Severity::trace}) == seqs({}));
}

TEST_CASE_METHOD(TenEvents, "time ranges begin inclusive and end exclusive; seq ranges are exclusive", "[query]") {
    CHECK(seqs({.since = at(9)}) == Seqs{9, 10});
    CHECK(seqs({.until = at(3)}) == Seqs{1, 2});
    CHECK(seqs({.since = at(4), .until = at(6)}) == Seqs{4, 5});
    CHECK(seqs({.since = at(4), .until = at(4)}).empty());
    CHECK(seqs({.after_seq = 8}) == Seqs{9, 10});
    CHECK(seqs({.after_seq = 10}).empty());
    CHECK(seqs({.before_seq = 3}) == Seqs{1, 2});
    CHECK(seqs({.before_seq = 1}).empty());
    CHECK(seqs({.after_seq = 3, .before_seq = 6}) == Seqs{4, 5});
    CHECK(seqs({.after_seq = 6, .before_seq = 3}).empty());
    CHECK(seqs({.after_seq = 3, .before_seq = 4}).empty());
}

TEST_CASE("a time range looks at the times, not at the order of arrival", "[query]") {
    EventStore store;
    for (const int second : {5, 3, 9, 4, 1}) store.append(ClockTick{second}, {.time = at(second)});
    CHECK(seqs_of(store.query({.since = at(3), .until = at(5)})) == Seqs{2, 4});
    CHECK(seqs_of(store.query({.since = at(4), .limit = 1})) == Seqs{4});
}

TEST_CASE_METHOD(TenEvents, "conditions are and-ed", "[query]") {
    CHECK(seqs({.pattern = "task.*", .source = "north"}) == Seqs{1, 4, 7});
    CHECK(seqs({.pattern = "task.*", .source = "north", .min_severity = Severity::info}) == Seqs{1, 7});
    CHECK(seqs({.pattern = "task.*", .source = "north", .min_severity = Severity::info, .since = at(2)}) == Seqs{7});
    CHECK(seqs({.name = "task.failed", .pattern = "task.completed"}).empty());
}

TEST_CASE_METHOD(TenEvents, "a limit keeps the newest, or the oldest if so asked, in seq order", "[query]") {
    CHECK(seqs({.limit = 3}) == Seqs{8, 9, 10});
    CHECK(seqs({.limit = 3, .take = Take::oldest}) == Seqs{1, 2, 3});
    CHECK(seqs({.limit = 10}) == seqs({}));
    CHECK(seqs({.limit = 0}).empty());
    CHECK(seqs({.limit = 0, .take = Take::oldest}).empty());
    CHECK(seqs({.take = Take::oldest}) == seqs({}));
    CHECK(seqs({.name = "task.completed", .limit = 2}) == Seqs{4, 9});
    CHECK(seqs({.name = "task.completed", .limit = 2, .take = Take::oldest}) == Seqs{1, 4});
    CHECK(seqs({.before_seq = 6, .limit = 2}) == Seqs{4, 5});
    CHECK(seqs({.after_seq = 6, .limit = 2, .take = Take::oldest}) == Seqs{7, 8});
}

TEST_CASE_METHOD(TenEvents, "history is read page by page, forwards and backwards", "[query]") {
    Seqs forwards;
    for (Query page{.limit = 3, .take = Take::oldest};;) {
        const Seqs found = seqs(page);
        if (found.empty()) break;
        CHECK(found.size() <= 3);
        forwards.insert(forwards.end(), found.begin(), found.end());
        page.after_seq = found.back();
    }
    CHECK(forwards == seqs({}));

    Seqs backwards;
    for (Query page{.pattern = "task.*", .limit = 4};;) {
        const Seqs found = seqs(page);
        if (found.empty()) break;
        backwards.insert(backwards.begin(), found.begin(), found.end());
        page.before_seq = found.front();
    }
    CHECK(backwards == seqs({.pattern = "task.*"}));
}

TEST_CASE_METHOD(TenEvents, "`where` sees what meets the other conditions, and the limit counts what it passes",
                 "[query]") {
    Seqs asked;
    Query query{.category = "task", .source = "north"};
    query.where = [&](const Record& record) {
        asked.push_back(record.seq());
        return record.seq() != 7;
    };
    CHECK(seqs(query) == Seqs{1, 4});
    std::ranges::sort(asked);
    CHECK(asked == Seqs{1, 4, 7});

    query.limit = 1;
    CHECK(seqs(query) == Seqs{4});
    query.take = Take::oldest;
    CHECK(seqs(query) == Seqs{1});
    asked.clear();
    query.limit = 0;
    CHECK(seqs(query).empty());
    CHECK(asked.empty());

    CHECK(seqs({.where = where<ClockTick>([](const ClockTick& tick) { return tick.number > 6; })}) == Seqs{10});
}

TEST_CASE_METHOD(TenEvents, "what `where` throws comes out, and the store is as before", "[query]") {
    const Query query{.where = [](const Record& record) -> bool {
        if (record.seq() == 5) throw std::runtime_error("seen enough");
        return true;
    }};
    CHECK_THROWS_WITH(store.query(query), "seen enough");
    CHECK(store.append(ClockTick{}).seq == 11);
    CHECK(seqs({}).size() == 11);
}

TEST_CASE_METHOD(TenEvents, "`where` may use the store it looks through", "[query][promise-4]") {
    std::size_t seen = 0;
    const Query query{.where = [&](const Record& record) {
        seen += store.query({.name = std::string(record.name())}).size();
        store.append(ClockTick{});
        if (record.seq() == 5) store.clear();
        return store.stats().size > 0;
    }};
    CHECK(store.query(query).size() == 9);  // of the moment when it began, but the one that cleared
    CHECK(seen > 0);
}

TEST_CASE_METHOD(TenEvents, "typed queries give the payloads of one type", "[query]") {
    const std::vector<TypedRecord<TaskCompleted>> completed = store.query<TaskCompleted>();
    REQUIRE(completed.size() == 3);
    CHECK(completed[0]->task_id == "t1");
    CHECK(completed[1]->task_id == "t3");
    CHECK((*completed[2]).task_id == "t5");
    CHECK(seqs_of(store.query<TaskCompleted>({.source = "north", .limit = 1})) == Seqs{4});
    CHECK(seqs_of(store.query<TaskCompleted>({.limit = 2, .take = Take::oldest})) == Seqs{1, 4});
    CHECK(store.query<TaskCompleted>({.name = "task.failed"}).empty());
    CHECK(seqs_of(store.query<NamedEvent>()) == Seqs{5});
    CHECK(store.query<Alarm>().empty());
}

TEST_CASE("a typed query leaves out truncated records, and the limit does not count them", "[query]") {
    EventStore store({.max_payload_bytes = 10});
    for (const std::size_t bytes : {5u, 6u, 50u, 7u, 60u}) store.append(Blob{bytes});
    CHECK(seqs_of(store.query<Blob>({.limit = 2})) == Seqs{2, 4});
    CHECK(seqs_of(store.query({.name = "data.blob", .limit = 2})) == Seqs{4, 5});
}

TEST_CASE_METHOD(TenEvents, "bad queries are refused with a text that shows the culprit", "[query]") {
    CHECK_THROWS_AS(store.query({.name = "task..failed"}), InvalidName);
    CHECK_THROWS_WITH(store.query({.name = "task..failed"}), Contains("task..failed"));
    CHECK_THROWS_AS(store.query({.name = "task.*"}), InvalidName);
    CHECK_THROWS_AS(store.query({.pattern = "task.**"}), InvalidName);
    CHECK_THROWS_WITH(store.query({.pattern = "task.**"}), Contains("task.**"));
    CHECK_THROWS_AS(store.query({.pattern = "task.**", .limit = 0}), InvalidName);
    CHECK_THROWS_AS(store.query<ClockTick>({.pattern = ".task"}), InvalidName);
    CHECK_THROWS_AS(store.query({.since = at(2), .until = at(1)}), InvalidArgument);
    CHECK_THROWS_WITH(store.query({.since = at(2), .until = at(1)}), Contains("since") && Contains("until"));
    CHECK_THROWS_AS(store.query({.category = "task.failed"}), InvalidName);
    CHECK_THROWS_WITH(store.query({.category = "task.failed"}), Contains("category \"task.failed\""));
    CHECK_THROWS_AS(store.query({.category = "*"}), InvalidName);
    CHECK_THROWS_AS(store.query({.min_severity = Severity(9)}), InvalidArgument);
    CHECK_THROWS_WITH(store.query({.min_severity = Severity(9)}), Contains("min_severity"));
    CHECK_THROWS_AS(store.query({.take = Take(9)}), InvalidArgument);
    CHECK_THROWS_WITH(store.query({.take = Take(9)}), Contains("take"));
    CHECK(seqs({}).size() == 10);
}

TEST_CASE_METHOD(TenEvents, "a `where` on one type is refused in a query for another", "[query]") {
    const Predicate any_tick = where<ClockTick>([](const ClockTick&) { return true; });
    CHECK_THROWS_AS(store.query<TaskFailed>({.where = any_tick}), InvalidArgument);
    CHECK_THROWS_WITH(store.query<TaskFailed>({.where = any_tick}),
                      Contains("hindsight::test::ClockTick") && Contains("hindsight::test::TaskFailed"));
    CHECK(store.query<ClockTick>({.where = any_tick}).size() == 2);
    CHECK(seqs({.where = any_tick}) == Seqs{6, 10});
}

TEST_CASE_METHOD(TenEvents, "a range of seqs without any gives nothing", "[query]") {
    CHECK(seqs({.after_seq = 4, .before_seq = 5}).empty());
    CHECK(seqs({.after_seq = 7, .before_seq = 3}).empty());
    CHECK(seqs({.after_seq = 7, .before_seq = 3, .take = Take::oldest}).empty());
    CHECK(seqs({.after_seq = 10}).empty());
}

TEST_CASE("the library's own events are given only to queries that name them", "[query]") {
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    const Subscription faulty = bus.subscribe<ClockTick>([](const ClockTick&) { throw std::runtime_error("no"); },
                                                         {.name = "faulty", .delivery = Delivery::direct});
    bus.emit(ClockTick{});
    const EventStore& history = bus.history();
    CHECK(history.size() == 2);
    CHECK(seqs_of(history.query()) == Seqs{1});
    CHECK(seqs_of(history.query({.pattern = "*"})) == Seqs{1});
    CHECK(seqs_of(history.query({.pattern = "*.*"})) == Seqs{1});
    CHECK(seqs_of(history.query({.min_severity = Severity::error})).empty());
    CHECK(seqs_of(history.query({.name = "hindsight.handler_error"})) == Seqs{2});
    CHECK(seqs_of(history.query({.pattern = "hindsight.*"})) == Seqs{2});
    CHECK(seqs_of(history.query({.category = "hindsight"})) == Seqs{2});
    CHECK(history.query<HandlerError>().at(0)->handler == "faulty");
}

}  // namespace

#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/naive_history.hpp"
#include "support/random.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/past.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

void append(EventStore& store, int count) {
    for (int i = 0; i < count; ++i) store.append(ClockTick{i});
}

TEST_CASE("an earlier moment has the events up to it, and no later ones", "[as_of]") {
    EventStore store;
    append(store, 5);
    const Past then = store.as_of(3);
    CHECK(then.seq() == 3);
    append(store, 5);
    const auto answer = then.query();
    CHECK(seqs_of(answer) == Seqs{1, 2, 3});
    CHECK(answer.complete());
    CHECK(answer.size() == 3);
    CHECK_FALSE(answer.empty());
    CHECK(seqs_of(then.query({.limit = 2})) == Seqs{2, 3});
    CHECK(seqs_of(then.query({.limit = 2, .take = Take::oldest})) == Seqs{1, 2});
    CHECK(seqs_of(then.query({.after_seq = 1, .before_seq = 3})) == Seqs{2});
    CHECK(seqs_of(then.query({.before_seq = 100})) == Seqs{1, 2, 3});
    CHECK(then.query({.limit = 0}).empty());
    CHECK(then.query({.after_seq = std::numeric_limits<Seq>::max()}).complete());
}

TEST_CASE("before the first event there was nothing, and what is to come is now", "[as_of]") {
    EventStore store({.capacity = 2});
    append(store, 5);
    CHECK(store.as_of(0).query().empty());
    CHECK(store.as_of(0).query().complete());
    const Past now = store.as_of(std::numeric_limits<Seq>::max());
    CHECK(now.seq() == 5);
    append(store, 1);
    CHECK(seqs_of(now.query()) == Seqs{5});
    CHECK(now.query().gap == Gap{1, 4});
}

TEST_CASE("what the ring has replaced since is a gap", "[as_of]") {
    EventStore store({.capacity = 3});
    append(store, 10);
    CHECK(seqs_of(store.as_of(10).query()) == Seqs{8, 9, 10});
    CHECK(store.as_of(10).query().complete());
    const auto answer = store.as_of(9).query();  // had 7, too
    CHECK(seqs_of(answer) == Seqs{8, 9});
    CHECK(answer.gap == Gap{1, 7});
    CHECK(store.as_of(5).query().gap == Gap{1, 5});
    CHECK(store.as_of(5).query().empty());
    // Above the gap nothing is missing.
    CHECK(store.as_of(9).query({.limit = 2}).complete());
    CHECK(store.as_of(9).query({.limit = 3}).gap == Gap{1, 7});
    CHECK(store.as_of(9).query({.after_seq = 7}).complete());
    CHECK(store.as_of(9).query({.after_seq = 6}).gap == Gap{7, 7});
    CHECK(store.as_of(9).query({.before_seq = 6}).gap == Gap{1, 5});
    CHECK(store.as_of(9).query({.limit = 1, .take = Take::oldest}).gap == Gap{1, 7});
}

TEST_CASE("a ring that is just full has lost nothing", "[as_of]") {
    EventStore store({.capacity = 3});
    append(store, 3);
    CHECK(store.as_of(2).query().complete());
    append(store, 1);
    CHECK_FALSE(store.as_of(2).query().complete());
    store.reset_stats();
    CHECK_FALSE(store.as_of(2).query().complete());
}

TEST_CASE("each bucket answers for itself", "[as_of]") {
    EventStore store({.policies = {{"agent.*", BucketRing{.capacity = 1}}}});
    const auto beat = [&](const char* agent) { store.append(Heartbeat{agent, 0}); };
    beat("a");                   // 1
    beat("b");                   // 2
    store.append(TaskFailed{});  // 3
    beat("a");                   // 4
    beat("a");                   // 5
    const Past then = store.as_of(4);
    CHECK(seqs_of(then.query({.key = "b"})) == Seqs{2});
    CHECK(then.query({.key = "b"}).complete());
    CHECK(then.query({.name = "agent.heartbeat", .key = "b"}).complete());
    CHECK(then.query<Heartbeat>({.key = "b"}).complete());
    CHECK(then.query({.key = "a"}).gap == Gap{1, 4});
    CHECK(then.query({.name = "agent.heartbeat", .key = "a"}).gap == Gap{1, 4});
    CHECK(then.query({.name = "agent.heartbeat"}).gap == Gap{1, 4});
    CHECK(seqs_of(then.query({.name = "agent.heartbeat"})) == Seqs{2});
    CHECK(then.query({.name = "agent.heartbeat", .key = "nobody"}).complete());
    // Other rules are not concerned.
    CHECK(then.query({.name = "task.failed"}).complete());
    CHECK(then.query({.pattern = "task.*"}).complete());
    CHECK(then.query({.category = "task"}).complete());
    CHECK(then.query<TaskFailed>().complete());
    CHECK(then.query({.pattern = "agent.*"}).gap == Gap{1, 4});
    CHECK(store.as_of(5).query().complete());
}

TEST_CASE("beyond the last record that a limit takes nothing can be missing", "[as_of]") {
    EventStore store({.policies = {{"agent.*", BucketRing{.capacity = 1}}}});
    store.append(TaskFailed{});       // 1
    store.append(Heartbeat{"a", 0});  // 2
    store.append(Heartbeat{"a", 0});  // 3
    const Past then = store.as_of(2);
    CHECK(then.query().gap == Gap{1, 2});
    CHECK(then.query({.limit = 1}).gap == Gap{2, 2});
    CHECK(then.query({.limit = 1, .take = Take::oldest}).complete());
    CHECK(seqs_of(then.query({.limit = 1, .take = Take::oldest})) == Seqs{1});
}

TEST_CASE("buckets that went for others are a gap", "[as_of]") {
    EventStore store({.policies = {{"agent.*", BucketRing{.capacity = 5, .max_keys = 2}}}});
    for (const char* agent : {"a", "b", "c"}) store.append(Heartbeat{agent, 0});
    CHECK(store.as_of(2).query({.key = "a"}).gap == Gap{1, 1});
    CHECK(store.as_of(2).query().gap == Gap{1, 1});
    CHECK(seqs_of(store.as_of(2).query()) == Seqs{2});
    CHECK(store.as_of(3).query().complete());
}

TEST_CASE("a bucket's gap ends with the last record that it has replaced", "[as_of]") {
    EventStore store({.policies = {{"agent.*", BucketRing{.capacity = 1}}}});
    store.append(Heartbeat{"a", 0});  // 1
    store.append(TaskFailed{});       // 2
    store.append(Heartbeat{"a", 0});  // 3
    CHECK(store.as_of(2).query().gap == Gap{1, 1});
    CHECK(store.as_of(3).query().complete());
}

TEST_CASE("what was taken out of one rule's records is no gap for others", "[as_of]") {
    EventBus bus({.history = {.policies = {{"agent.*", BucketRing{}}}}});
    bus.emit(Heartbeat{"a", 0});  // 1
    bus.emit(TaskFailed{});       // 2
    bus.retire<Heartbeat>();
    const Past then = bus.history().as_of(2);
    CHECK(then.query({.pattern = "agent.*"}).gap == Gap{1, 1});
    CHECK(then.query().gap == Gap{1, 1});
    CHECK(then.query({.pattern = "task.*"}).complete());
}

TEST_CASE("what went for the limit on bytes is a gap", "[as_of]") {
    EventStore store({.max_payload_bytes = 10'000, .max_total_bytes = 10'000});
    for (int i = 0; i < 4; ++i) store.append(Blob{4'000});
    CHECK(seqs_of(store.query()) == Seqs{3, 4});
    CHECK(store.as_of(3).query().gap == Gap{1, 2});
    CHECK(store.as_of(4).query().complete());
}

TEST_CASE("after clear, set_policies and retire earlier moments have gaps, later ones none", "[as_of]") {
    EventBus bus;
    for (int i = 0; i < 3; ++i) bus.emit(ClockTick{i});
    bus.emit(Blob{});
    Seq newest_lost = 0;
    SECTION("clear") {
        bus.history().clear();
        newest_lost = 4;
    }
    SECTION("set_policies") {
        bus.history().set_policies({{"clock.*", BucketRing{.capacity = 1}}});
        newest_lost = 2;
    }
    SECTION("retire") {
        bus.retire<Blob>();
        newest_lost = 4;
    }
    CHECK(bus.history().as_of(4).query().gap == Gap{1, newest_lost});
    bus.emit(TaskFailed{});
    CHECK(bus.history().as_of(4).query().gap == Gap{1, newest_lost});
    CHECK(bus.history().as_of(5).query().complete());
}

TEST_CASE("failures are part of the past when they are asked for", "[as_of]") {
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    const auto failing =
        bus.subscribe<ClockTick>([](const ClockTick&) { throw 1; }, {.name = "failing", .delivery = Delivery::direct});
    for (int i = 0; i < 20; ++i) bus.emit(ClockTick{i});
    CHECK(bus.history().as_of(30).query<HandlerError>().gap.has_value());
    CHECK(bus.history().as_of(30).query({.pattern = "hindsight.*"}).gap.has_value());
    CHECK(bus.history().as_of(30).query().complete());  // which does not ask for them
}

TEST_CASE("errors of queries are the same", "[as_of]") {
    EventStore store;
    CHECK_THROWS_AS(store.as_of(1).query({.name = "no name"}), InvalidName);
    CHECK_THROWS_AS(store.as_of(1).query<ClockTick>({.where = where<Blob>([](const Blob&) { return true; })}),
                    InvalidArgument);
}

TEST_CASE("a past outlives its store", "[as_of]") {
    std::optional<EventStore> store(std::in_place);
    append(*store, 3);
    const Past then = store->as_of(2);
    store.reset();
    CHECK(seqs_of(then.query()) == Seqs{1, 2});
}

TEST_CASE("a history that is swapped takes its past with it", "[as_of]") {
    EventStore one({.capacity = 2}), other;
    append(one, 5);
    append(other, 3);
    one.swap(other);
    CHECK(seqs_of(one.as_of(2).query()) == Seqs{1, 2});
    CHECK(one.as_of(2).query().complete());
    CHECK(seqs_of(other.as_of(4).query()) == Seqs{4});
    CHECK(other.as_of(4).query().gap == Gap{1, 3});

    append(one, 1);  // 6
    one.clear();
    EventStore fresh;
    fresh.swap(one);  // with a loss at a moment that is still to come there
    append(fresh, 3);
    CHECK(fresh.as_of(2).query().complete());
    CHECK(seqs_of(fresh.as_of(2).query()) == Seqs{1, 2});
}

TEST_CASE("a moment can be given as a time", "[as_of]") {
    EventStore store;
    const auto at = [&](Duration time) { store.append(ClockTick{}, {.time = TimePoint(time)}); };
    for (const auto second : {10s, 20s, 30s}) at(second);
    CHECK(store.as_of(TimePoint(9s)).seq() == 0);
    CHECK(store.as_of(TimePoint(9s)).query().empty());
    CHECK(store.as_of(TimePoint(10s)).seq() == 1);
    CHECK(store.as_of(TimePoint(29s)).seq() == 2);
    CHECK(store.as_of(TimePoint(30s)).seq() == 3);
    CHECK(store.as_of(TimePoint::max()).seq() == 3);
    CHECK(store.as_of(TimePoint::min()).seq() == 0);
    at(15s);  // reported late: at 29 s nobody knew of it
    CHECK(seqs_of(store.as_of(TimePoint(29s)).query()) == Seqs{1, 2});
    CHECK(store.as_of(TimePoint(30s)).seq() == 4);
}

TEST_CASE("a moment by time does not hide what was cleared about then", "[as_of]") {
    EventStore store;
    const auto at = [&](Duration time) { store.append(ClockTick{}, {.time = TimePoint(time)}); };
    at(10s);
    at(20s);
    store.clear();
    at(30s);
    const auto answer = store.as_of(TimePoint(15s)).query();
    CHECK(answer.empty());
    CHECK(answer.gap == Gap{1, 2});
    CHECK(store.as_of(TimePoint(30s)).query().complete());
}

/// A bus, and what its history held after each event.
class Chronicle {
public:
    Chronicle(Random& random, const HistoryOptions& options)
        : random_(random), bus_({.history = options}), exact_(options.max_total_bytes == no_limit) {}

    void emit() {
        const EmitOptions options{
            .source = random_text(), .key = random_text(), .time = TimePoint(std::chrono::seconds(random_.below(50)))};
        const std::vector<std::string> names{"order.placed", "order.paid", "stock.counted"};
        Receipt receipt;
        if (random_.one_in(3)) {
            receipt = bus_.emit(Blob{static_cast<std::size_t>(random_.below(600))}, options);
        } else {
            receipt = bus_.emit(NamedEvent{names[static_cast<std::size_t>(random_.below(3))]}, options);
        }
        held_[receipt.seq] = bus_.history().query();
    }

    void meddle(const std::vector<PolicyRule>& policies) {
        switch (random_.below(4)) {
        case 0:
            bus_.history().clear();
            break;
        case 1:
            bus_.history().set_policies(policies);
            break;
        case 2:
            bus_.retire<Blob>();
            break;
        default:
            bus_.history().reset_stats();
        }
        exact_ = false;
    }

    void ask_of_a_moment() {
        const Seq moment = 1 + below(bus_.history().last_seq());
        const Query query = random_query();
        const auto answer = bus_.history().as_of(moment).query(query);
        compare(moment, query, answer);
        if (exact_ && !answer.complete()) REQUIRE(has_lost_after(moment));
        complete_ += answer.complete() ? 1 : 0;
        incomplete_ += answer.complete() ? 0 : 1;
    }

    void ask_of_a_time() {
        const TimePoint time(std::chrono::seconds(random_.below(52) - 1));
        const Past then = bus_.history().as_of(time);
        Seq first = 0;
        Seq last = bus_.history().last_seq();
        for (const Record& each : bus_.history().query()) {
            if (each.time() > time) {
                last = each.seq() - 1;
                break;
            }
            first = each.seq();
        }
        REQUIRE(then.seq() == last);
        const Query query = random_query();
        const auto answer = then.query(query);
        for (Seq moment = std::max<Seq>(first, 1); moment <= last; ++moment) compare(moment, query, answer);
    }

    int complete() const { return complete_; }
    int incomplete() const { return incomplete_; }

private:
    Seq below(Seq end) { return static_cast<Seq>(random_.below(static_cast<int>(end))); }
    const char* random_text() {
        const char* const texts[] = {"", "north", "south", "east"};
        return texts[random_.below(4)];
    }

    Query random_query() {
        Query query;
        const char* const patterns[] = {"order.*", "stock.*", "*", "order.paid", "data.*", "*.paid"};
        if (random_.one_in(4)) query.name = random_.one_in(2) ? "order.paid" : "data.blob";
        if (random_.one_in(3)) query.pattern = patterns[random_.below(6)];
        if (random_.one_in(6)) query.category = "order";
        if (random_.one_in(4)) query.source = random_text();
        if (random_.one_in(3)) query.key = random_text();
        if (random_.one_in(4)) query.since = TimePoint(std::chrono::seconds(random_.below(40)));
        if (random_.one_in(4)) query.after_seq = below(bus_.history().last_seq() + 2);
        if (random_.one_in(4)) query.before_seq = below(bus_.history().last_seq() + 2);
        if (random_.one_in(4)) query.where = [](const Record& record) { return record.seq() % 3 != 0; };
        if (random_.one_in(2)) query.limit = static_cast<std::size_t>(random_.below(6));
        if (random_.one_in(2)) query.take = Take::oldest;
        return query;
    }

    void compare(Seq moment, const Query& query, const PastAnswer<Record>& answer) {
        INFO("moment " << moment << " of " << bus_.history().last_seq() << ", limit " << query.limit);
        Seqs met;  // by what history held then
        for (const Record& each : held_.at(moment)) {
            if (holds(query, each, each.seq())) met.push_back(each.seq());
        }
        const Seqs expected = limited(query, met);
        const Seqs found = seqs_of(answer);
        CAPTURE(expected, found);
        if (answer.complete()) {
            REQUIRE(found == expected);
            return;
        }
        CAPTURE(answer.gap->first, answer.gap->last);
        REQUIRE(answer.gap->first >= 1);
        REQUIRE(answer.gap->first <= answer.gap->last);
        const auto in_gap = [&](Seq seq) { return answer.gap->first <= seq && seq <= answer.gap->last; };
        for (const Seq each : found) REQUIRE(std::ranges::count(met, each) == 1);
        for (const Seq each : expected) REQUIRE((std::ranges::count(found, each) == 1 || in_gap(each)));
        if (query.limit != no_limit) return;
        for (const Seq each : found) REQUIRE(std::ranges::count(expected, each) == 1);
    }

    /// Whether anything has left history after the moment.
    bool has_lost_after(Seq moment) const {
        const Seqs now = seqs_of(bus_.history().query());
        const auto is_gone = [&](const Record& each) { return std::ranges::count(now, each.seq()) == 0; };
        return std::any_of(held_.find(moment), held_.end(),
                           [&](const auto& held) { return std::ranges::any_of(held.second, is_gone); });
    }

    Random& random_;
    EventBus bus_;
    std::map<Seq, std::vector<Record>> held_;
    bool exact_;  // nothing has left but through rings and buckets
    int complete_ = 0;
    int incomplete_ = 0;
};

std::vector<PolicyRule> random_policies(Random& random) {
    const char* const patterns[] = {"order.*", "stock.*", "*", "order.paid", "data.*", "*.paid"};
    std::vector<PolicyRule> rules;
    for (int count = random.below(4); count > 0; --count) {
        const std::vector<RetentionPolicy> policies{
            SharedRing{}, KeepNone{},
            BucketRing{.capacity = 1 + static_cast<std::size_t>(random.below(3)),
                       .max_keys = 1 + static_cast<std::size_t>(random.below(6))}};
        rules.push_back({Pattern(patterns[random.below(6)]), policies[static_cast<std::size_t>(random.below(3))]});
    }
    return rules;
}

TEST_CASE("random histories answer as they did then, but for the gaps that they tell of", "[as_of][promise-8]") {
    INFO("seed " << random_seed());
    Random random(1);
    const bool meddles = GENERATE(true, false);
    int complete = 0, incomplete = 0;
    for (int round = 0; round < 25; ++round) {
        Chronicle chronicle(random, {.capacity = static_cast<std::size_t>(random.below(20)),
                                     .max_payload_bytes = static_cast<std::size_t>(random.below(300)),
                                     .max_total_bytes = random.one_in(3) ? 4000 : no_limit,
                                     .policies = random_policies(random)});
        for (int step = 0; step < 60; ++step) {
            chronicle.emit();
            if (meddles && random.one_in(15)) chronicle.meddle(random_policies(random));
            chronicle.ask_of_a_moment();
            chronicle.ask_of_a_time();
        }
        complete += chronicle.complete();
        incomplete += chronicle.incomplete();
    }
    // Neither says nothing about the other.
    CHECK(complete > 100);
    CHECK(incomplete > 100);
}

TEST_CASE("a moment stays as it is while other threads emit", "[as_of]") {
    EventStore store({.capacity = 100'000});
    append(store, 1000);
    const Past then = store.as_of(store.last_seq());
    std::atomic<bool> stop{false};
    std::thread emitter([&] {
        for (int i = 0; i < 50'000 && !stop; ++i) store.append(ClockTick{i});
    });
    for (int i = 0; i < 20; ++i) {
        const auto answer = then.query({.limit = 500});
        REQUIRE(answer.complete());
        REQUIRE(answer.size() == 500);
        REQUIRE(answer.records.back().seq() == 1000);
    }
    stop = true;
    emitter.join();
}

}  // namespace

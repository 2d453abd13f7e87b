// Queries answered from an index give what looking at every record gives, whatever happens to the records.
#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/naive_history.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

class Indexed {
public:
    explicit Indexed(std::uint32_t seed) : random_(seed), bus_({.history = options()}), aside_(options()) {}

    void emit() {
        const std::string source = text("source "), key = text("key ");
        const EmitOptions options{.source = source,
                                  .key = key,
                                  .severity = static_cast<Severity>(below(6)),
                                  .time = TimePoint(std::chrono::seconds(below(100)))};
        switch (below(5)) {
        case 0:
            bus_.emit(ClockTick{1}, options);
            break;
        case 1:
            bus_.emit(TaskCompleted{"t"}, options);
            break;
        case 2:
            bus_.emit(Blob{below(200)}, options);
            break;
        default:
            bus_.emit(NamedEvent{name()}, options);
        }
    }

    void disturb() {
        switch (below(6)) {
        case 0:
            bus_.history().clear();
            break;
        case 1:
            bus_.history().set_policies(policies());
            break;
        case 2:
            bus_.history().swap(aside_);
            break;
        case 3:
            bus_.retire<ClockTick>();
            break;
        case 4:
            bus_.retire<NamedEvent>();
            break;
        default:
            bus_.retire<TaskCompleted, Blob>();
        }
    }

    void compare() {
        const std::vector<Record> all = bus_.history().query();
        REQUIRE(all.size() == bus_.history().size());
        const Query query = random_query();
        Seqs found;
        for (const Record& each : all) {
            if (holds(query, each, each.seq())) found.push_back(each.seq());
        }
        REQUIRE(seqs_of(bus_.history().query(query)) == limited(query, found));

        Seqs ticks;
        for (const Record& each : all) {
            if (each.get_if<ClockTick>() != nullptr && holds(query, each, each.seq())) ticks.push_back(each.seq());
        }
        REQUIRE(seqs_of(bus_.history().query<ClockTick>(query)) == limited(query, ticks));
        for (const Record& each : all) REQUIRE(bus_.history().find(each.seq()).value() == each);
    }

private:
    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }
    bool once_in(std::size_t times) { return below(times) == 0; }

    /// Of a few, or an ever new one, or none.
    std::string text(const std::string& kind) {
        if (once_in(3)) return {};
        return kind + std::to_string(once_in(4) ? 1000 + texts_++ : below(4));
    }
    std::string name() {
        static const std::vector<std::string> names{"clock.tick", "task.step.begun", "task.step", "task", "tasks.open"};
        if (once_in(4)) return "task.number_" + std::to_string(texts_++);
        return names[below(names.size())];
    }
    std::vector<PolicyRule> policies() {
        std::vector<PolicyRule> rules;
        if (once_in(2))
            rules.push_back({"task.step.*", BucketRing{.capacity = 1 + below(3), .max_keys = 1 + below(9)}});
        if (once_in(3)) rules.push_back({"clock.*", BucketRing{.capacity = 1 + below(20), .max_keys = 1 + below(4)}});
        if (once_in(3)) rules.push_back({"data.*", KeepSome{}});
        if (once_in(3)) rules.push_back({"task.*", SharedRing{}});
        if (once_in(5)) rules.push_back({"tasks.*", KeepNone{}});
        return rules;
    }
    struct KeepSome {
        bool should_store(const Record& record) const { return record.severity() > Severity::debug; }
        std::size_t capacity() const { return 7; }
    };
    HistoryOptions options() {
        return {.capacity = 1 + below(150),
                .max_payload_bytes = 100,
                .max_total_bytes = once_in(3) ? 4000 + below(10'000) : no_limit,
                .policies = policies()};
    }

    Query random_query() {
        static const std::vector<std::string> patterns{"*",    "task.*",     "*.step",          "*.*.*",
                                                       "task", "clock.tick", "task.step.begun", "no.*"};
        const Seq last = bus_.history().last_seq();
        Query query;
        if (once_in(4)) query.name = name();
        if (once_in(2)) query.pattern = patterns[below(patterns.size())];
        if (once_in(6)) query.category = once_in(2) ? "task" : "clock";
        if (once_in(3)) query.source = text("source ");
        if (once_in(3)) query.key = text("key ");
        if (once_in(5)) query.min_severity = static_cast<Severity>(below(6));
        if (once_in(5)) query.since = TimePoint(std::chrono::seconds(below(100)));
        if (once_in(4)) query.after_seq = last - std::min<Seq>(last, below(200));
        if (once_in(4)) query.before_seq = last - std::min<Seq>(last, below(200));
        if (once_in(8)) query.where = [](const Record& record) { return record.seq() % 3 != 0; };
        if (once_in(2)) query.limit = below(10);
        if (once_in(2)) query.take = Take::oldest;
        return query;
    }

    std::mt19937 random_;
    std::size_t texts_ = 0;
    EventBus bus_;
    EventStore aside_;
};

TEST_CASE("an index gives what looking at every record gives", "[query][promise-11]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    for (std::uint32_t round = 0; round < 20; ++round) {
        Indexed indexed(seed + round);
        for (int step = 0; step < 400; ++step) {
            indexed.emit();
            if (step % 50 == 49) indexed.disturb();
            if (step % 4 == 0) indexed.compare();
        }
    }
}

TEST_CASE("a pattern finds the newest of many names", "[query]") {
    EventStore store({.capacity = 20'000});
    Seqs group, all;
    for (int i = 0; i < 20'000; ++i) {
        const int number = i * 7919 % 500;
        store.append(NamedEvent{"group_" + std::to_string(number / 10) + ".name_" + std::to_string(number)});
        if (number / 10 == 7) group.push_back(static_cast<Seq>(i) + 1);
        if (number % 10 == 3 && number / 10 == 1) all.push_back(static_cast<Seq>(i) + 1);
    }
    CHECK(seqs_of(store.query({.pattern = "group_7.*"})) == group);
    CHECK(seqs_of(store.query({.category = "group_7"})) == group);
    CHECK(seqs_of(store.query({.pattern = "*.name_13"})) == all);
    const Seqs newest(group.end() - 100, group.end());
    CHECK(seqs_of(store.query({.pattern = "group_7.*", .limit = 100})) == newest);
    const Seqs oldest(group.begin(), group.begin() + 100);
    CHECK(seqs_of(store.query({.pattern = "group_7.*", .limit = 100, .take = Take::oldest})) == oldest);
    CHECK(seqs_of(store.query({.pattern = "group_7.*", .before_seq = group[200], .limit = 50})) ==
          Seqs(group.begin() + 150, group.begin() + 200));
}

TEST_CASE("a truncated record does not hide behind the index of its type", "[query]") {
    EventStore store({.max_payload_bytes = 10});
    for (const std::size_t bytes : {5u, 50u, 7u}) store.append(Blob{bytes}, {.source = "s"});
    CHECK(seqs_of(store.query<Blob>({.source = "s"})) == Seqs{1, 3});
    CHECK(seqs_of(store.query({.name = "data.blob", .source = "s"})) == Seqs{1, 2, 3});
}

}  // namespace

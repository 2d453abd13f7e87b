#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/naive_history.hpp"
#include "support/records.hpp"

#include <hindsight/event_store.hpp>

#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// Pure, as policies must be: decides by what the record says.
struct KeepNorth {
    bool should_store(const Record& record) const { return record.source() == "north"; }
    std::size_t capacity() const { return 3; }
};

class Random {
public:
    explicit Random(std::uint32_t seed) : engine_(seed) {}

    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_); }
    bool once_in(std::size_t times) { return below(times) == 0; }
    template <class T>
    const T& of(const std::vector<T>& values) {
        return values[below(values.size())];
    }

    TimePoint time() { return TimePoint(std::chrono::seconds(below(50))); }
    Severity severity() { return static_cast<Severity>(below(6)); }

private:
    std::mt19937 engine_;
};

const std::vector<std::string> names{"order.placed.by_a_customer", "order.placed.by_ourselves", "order.cancelled_again",
                                     "stock.of_everything.counted"};
const std::vector<std::string> patterns{"order.*", "order.placed.*", "stock.*",  "*",      "*.placed.*",
                                        names[0],  names[2],         "nobody.*", "data.*", "data.blob"};
const std::vector<std::string> texts{"", "north", "south", "east"};

std::vector<PolicyRule> random_policies(Random& random) {
    std::vector<PolicyRule> rules;
    for (std::size_t count = random.below(4); count > 0; --count) {
        const std::vector<RetentionPolicy> policies{
            SharedRing{}, KeepNone{}, BucketRing{.capacity = 1 + random.below(3), .max_keys = 1 + random.below(4)},
            KeepNorth{}};
        rules.push_back({Pattern(random.of(patterns)), random.of(policies)});
    }
    return rules;
}

HistoryOptions random_options(Random& random) {
    return {.capacity = random.below(12),
            .max_payload_bytes = random.below(300),
            .max_total_bytes = random.once_in(2) ? no_limit : random.below(4000),
            .policies = random_policies(random)};
}

Query random_query(Random& random, Seq last) {
    Query query;
    if (random.once_in(4)) query.name = random.of(names);
    if (random.once_in(3)) query.pattern = random.of(patterns);
    if (random.once_in(6)) query.category = random.once_in(2) ? "order" : "stock";
    if (random.once_in(4)) query.source = random.of(texts);
    if (random.once_in(4)) query.key = random.of(texts);
    if (random.once_in(4)) query.min_severity = random.severity();
    if (random.once_in(4)) query.since = random.time();
    if (random.once_in(4)) query.until = query.since.value_or(TimePoint{}) + std::chrono::seconds(random.below(30));
    if (random.once_in(4)) query.after_seq = random.below(last + 2);
    if (random.once_in(4)) query.before_seq = random.below(last + 2);
    if (random.once_in(4)) query.where = [](const Record& record) { return record.seq() % 3 != 0; };
    if (random.once_in(2)) query.limit = random.below(6);
    if (random.once_in(2)) query.take = Take::oldest;
    return query;
}

/// A store, the naive one, and a store without limits that tells what each event is like and how large.
class Twins {
public:
    Twins(Random& random, const HistoryOptions& options)
        : random_(random), store_(options), naive_(options),
          unlimited_(
              {.capacity = 10'000, .max_payload_bytes = options.max_payload_bytes, .max_total_bytes = no_limit}) {}

    void append() {
        const EmitOptions options{.source = random_.of(texts),
                                  .key = random_.of(texts),
                                  .severity = random_.severity(),
                                  .time = random_.time()};
        const std::size_t before = unlimited_.bytes();
        Receipt receipt, twin;
        if (random_.once_in(3)) {
            const Blob blob{random_.below(600)};
            twin = unlimited_.append(blob, options);
            receipt = store_.append(blob, options);
        } else {
            const NamedEvent event{random_.of(names)};
            twin = unlimited_.append(event, options);
            receipt = store_.append(event, options);
        }
        REQUIRE(receipt.seq == twin.seq);
        naive_.append(unlimited_.find(twin.seq).value(), unlimited_.bytes() - before, twin.seq);
        const bool kept = !naive_.kept().empty() && naive_.kept().back().seq == receipt.seq;
        REQUIRE((receipt.outcome == Outcome::recorded) == kept);
    }

    void set_policies() {
        const std::vector<PolicyRule> policies = random_policies(random_);
        store_.set_policies(policies);
        naive_.set_policies(policies);
    }

    void clear() {
        cleared_ += store_.size();
        store_.clear();
        naive_.clear();
    }

    void compare_contents() {
        const std::vector<Record> records = store_.query();
        REQUIRE(seqs_of(records) == naive_.query({}));
        REQUIRE(store_.size() == records.size());
        REQUIRE(store_.bytes() == naive_.bytes());
        REQUIRE(store_.oldest_seq() == (records.empty() ? 0 : records.front().seq()));
        REQUIRE(store_.newest_seq() == (records.empty() ? 0 : records.back().seq()));
    }

    void compare_query() {
        const Query query = random_query(random_, store_.last_seq());
        REQUIRE(seqs_of(store_.query(query)) == naive_.query(query));
        const Seq seq = random_.below(store_.last_seq() + 2);
        const bool kept = std::ranges::count(naive_.query({}), seq) == 1;
        REQUIRE(store_.find(seq).has_value() == kept);
    }

    void compare_counters() {
        const StoreStatistics stats = store_.stats();
        REQUIRE(stats.stored == naive_.stored);
        REQUIRE(stats.evicted == naive_.evicted);
        REQUIRE(stats.refused == naive_.refused);
        REQUIRE(stats.truncated == naive_.truncated);
        REQUIRE(stats.stored + stats.refused == store_.last_seq());
        REQUIRE(stats.stored - stats.evicted - cleared_ == stats.size);
        PolicyStatistics sum;
        for (const PolicyStatistics& each : stats.policies) {
            sum.stored += each.stored;
            sum.evicted += each.evicted;
            sum.refused += each.refused;
            sum.truncated += each.truncated;
            sum.size += each.size;
        }
        REQUIRE(sum.stored == stats.stored);
        REQUIRE(sum.evicted == stats.evicted);
        REQUIRE(sum.refused == stats.refused);
        REQUIRE(sum.truncated == stats.truncated);
        REQUIRE(sum.size == stats.size);
    }

private:
    Random& random_;
    EventStore store_;
    NaiveHistory naive_;
    EventStore unlimited_;
    std::size_t cleared_ = 0;
};

TEST_CASE("random appends and queries give what the rules say, word for word", "[event_store][promise-11][promise-8]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        Twins twins(random, random_options(random));
        for (int step = 0; step < 80; ++step) {
            twins.append();
            if (random.once_in(60)) twins.clear();
            twins.compare_contents();
            twins.compare_query();
            twins.compare_counters();
        }
    }
}

TEST_CASE("random changes of policies give what the rules say, word for word", "[event_store][promise-11]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    Random random(seed);
    for (int round = 0; round < 30; ++round) {
        Twins twins(random, random_options(random));
        for (int step = 0; step < 80; ++step) {
            twins.append();
            if (random.once_in(12)) twins.set_policies();
            twins.compare_contents();
            twins.compare_query();
        }
    }
}

}  // namespace

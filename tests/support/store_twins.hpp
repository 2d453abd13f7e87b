// A store and the naive one, told the same by somebody's choices, and compared.
#pragma once

#include "choices.hpp"
#include "events.hpp"
#include "naive_history.hpp"
#include "records.hpp"

#include <hindsight/event_store.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace hindsight::test {

/// Pure, as policies must be: decides by what the record says.
struct KeepNorth {
    bool should_store(const Record& record) const { return record.source() == "north"; }
    std::size_t capacity() const { return 3; }
};

inline const std::vector<std::string> names{"order.placed.by_a_customer", "order.placed.by_ourselves",
                                            "order.cancelled_again", "stock.of_everything.counted"};
inline const std::vector<std::string> patterns{"order.*", "order.placed.*", "stock.*",  "*",      "*.placed.*",
                                               names[0],  names[2],         "nobody.*", "data.*", "data.blob"};
inline const std::vector<std::string> texts{"", "north", "south", "east"};

inline std::vector<PolicyRule> policies_from(Choices& choices) {
    std::vector<PolicyRule> rules;
    for (std::size_t count = choices.below(4); count > 0; --count) {
        const std::vector<RetentionPolicy> policies{
            SharedRing{}, KeepNone{}, BucketRing{.capacity = 1 + choices.below(3), .max_keys = 1 + choices.below(4)},
            KeepNorth{}};
        rules.push_back({Pattern(choices.of(patterns)), choices.of(policies)});
    }
    return rules;
}

inline HistoryOptions options_from(Choices& choices) {
    return {.capacity = choices.below(12),
            .max_payload_bytes = choices.below(300),
            .max_total_bytes = choices.once_in(2) ? no_limit : choices.below(4000),
            .policies = policies_from(choices)};
}

inline Query query_from(Choices& choices, Seq last) {
    Query query;
    if (choices.once_in(4)) query.name = choices.of(names);
    if (choices.once_in(3)) query.pattern = choices.of(patterns);
    if (choices.once_in(6)) query.category = choices.once_in(2) ? "order" : "stock";
    if (choices.once_in(4)) query.source = choices.of(texts);
    if (choices.once_in(4)) query.key = choices.of(texts);
    if (choices.once_in(4)) query.min_severity = choices.severity();
    if (choices.once_in(4)) query.since = choices.time();
    if (choices.once_in(4)) query.until = query.since.value_or(TimePoint{}) + std::chrono::seconds(choices.below(30));
    if (choices.once_in(4)) query.after_seq = choices.below(last + 2);
    if (choices.once_in(4)) query.before_seq = choices.below(last + 2);
    if (choices.once_in(4)) query.where = [](const Record& record) { return record.seq() % 3 != 0; };
    if (choices.once_in(2)) query.limit = choices.below(6);
    if (choices.once_in(2)) query.take = Take::oldest;
    return query;
}

/// A store, the naive one, and a store without limits that tells what each event is like and how large.
class Twins {
public:
    Twins(Choices& choices, const HistoryOptions& options)
        : choices_(choices), store_(options), naive_(options),
          unlimited_(
              {.capacity = 10'000, .max_payload_bytes = options.max_payload_bytes, .max_total_bytes = no_limit}) {}

    void append() {
        const EmitOptions options{.source = choices_.of(texts),
                                  .key = choices_.of(texts),
                                  .severity = choices_.severity(),
                                  .time = choices_.time()};
        const std::size_t before = unlimited_.bytes();
        Receipt receipt, twin;
        if (choices_.once_in(3)) {
            const Blob blob{choices_.below(600)};
            twin = unlimited_.append(blob, options);
            receipt = store_.append(blob, options);
        } else {
            const NamedEvent event{choices_.of(names)};
            twin = unlimited_.append(event, options);
            receipt = store_.append(event, options);
        }
        require_same(receipt.seq, twin.seq, "the seq of a receipt");
        naive_.append(unlimited_.find(twin.seq).value(), unlimited_.bytes() - before, twin.seq);
        const bool kept = !naive_.kept().empty() && naive_.kept().back().seq == receipt.seq;
        require_same(receipt.outcome == Outcome::recorded, kept, "what a receipt says");
    }

    void set_policies() {
        const std::vector<PolicyRule> policies = policies_from(choices_);
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
        require_same(seqs_of(records), naive_.query({}), "contents");
        require_same(store_.size(), records.size(), "size");
        require_same(store_.bytes(), naive_.bytes(), "bytes");
        require_same(store_.oldest_seq(), records.empty() ? 0 : records.front().seq(), "oldest_seq");
        require_same(store_.newest_seq(), records.empty() ? 0 : records.back().seq(), "newest_seq");
    }

    void compare_query() {
        const Query query = query_from(choices_, store_.last_seq());
        require_same(seqs_of(store_.query(query)), naive_.query(query), "the results of a query");
        const Seq seq = choices_.below(store_.last_seq() + 2);
        const bool kept = std::ranges::count(naive_.query({}), seq) == 1;
        require_same(store_.find(seq).has_value(), kept, "what find finds");
    }

    /// Page by page it is the same as at once.
    void compare_pages() {
        Query query = query_from(choices_, store_.last_seq());
        query.take = Take::oldest;
        query.limit = no_limit;
        const Seqs expected = naive_.query(query);
        query.limit = 1 + choices_.below(4);
        Seqs found;
        for (std::vector<Record> page = store_.query(query); !page.empty(); page = store_.query(query)) {
            for (const Record& record : page) found.push_back(record.seq());
            query.after_seq = page.back().seq();
        }
        require_same(found, expected, "the results of a query in pages");
    }

    void compare_counters() {
        const StoreStatistics stats = store_.stats();
        require_same(stats.stored, naive_.stored, "stored");
        require_same(stats.evicted, naive_.evicted, "evicted");
        require_same(stats.refused, naive_.refused, "refused");
        require_same(stats.truncated, naive_.truncated, "truncated");
        require_same(stats.stored + stats.refused, store_.last_seq(), "stored + refused");
        require_same(stats.stored - stats.evicted - cleared_, stats.size, "stored - evicted");
        PolicyStatistics sum;
        for (const PolicyStatistics& each : stats.policies) {
            sum.stored += each.stored;
            sum.evicted += each.evicted;
            sum.refused += each.refused;
            sum.truncated += each.truncated;
            sum.size += each.size;
        }
        require_same(sum.stored, stats.stored, "the sum of stored");
        require_same(sum.evicted, stats.evicted, "the sum of evicted");
        require_same(sum.refused, stats.refused, "the sum of refused");
        require_same(sum.truncated, stats.truncated, "the sum of truncated");
        require_same(sum.size, stats.size, "the sum of size");
    }

private:
    Choices& choices_;
    EventStore store_;
    NaiveHistory naive_;
    EventStore unlimited_;
    std::size_t cleared_ = 0;
};

}  // namespace hindsight::test

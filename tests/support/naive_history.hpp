// The rules of retention and of queries word for word, on a plain vector: what the store is compared with.
#pragma once

#include <hindsight/pattern.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/types.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hindsight::test {

/// The conditions of a query, word for word, for events that are not the library's.
inline bool holds(const Query& query, const Record& record, Seq seq) {
    return (query.name.empty() || record.name() == query.name) &&
           (query.pattern.empty() || record.matches(Pattern(query.pattern))) &&
           (query.category.empty() || record.category() == query.category) &&
           (query.source.empty() || record.source() == query.source) &&
           (query.key.empty() || record.key() == query.key) &&
           (!query.min_severity || record.severity() >= *query.min_severity) &&
           (!query.since || record.time() >= *query.since) && (!query.until || record.time() < *query.until) &&
           seq > query.after_seq && (query.before_seq == 0 || seq < query.before_seq) &&
           (!query.where || query.where(record));
}

/// What the limit leaves of the seqs that are found.
inline std::vector<Seq> limited(const Query& query, std::vector<Seq> found) {
    if (found.size() > query.limit) {
        const auto surplus = static_cast<std::ptrdiff_t>(found.size() - query.limit);
        if (query.take == Take::newest) {
            found.erase(found.begin(), found.begin() + surplus);
        } else {
            found.erase(found.end() - surplus, found.end());
        }
    }
    return found;
}

class NaiveHistory {
public:
    struct Kept {
        Record record;  // with the payload, if that may be kept at all
        std::size_t bytes;
        std::size_t rule;
        Seq seq;
    };

    explicit NaiveHistory(HistoryOptions options) : options_(std::move(options)) {}

    void append(const Record& record, std::size_t bytes, Seq seq) {
        const std::size_t rule = rule_for(record);
        if (!stores(rule, record) || bytes > options_.max_total_bytes) {
            ++refused;
            return;
        }
        ++stored;
        if (record.payload_bytes() > options_.max_payload_bytes) ++truncated;
        place({record, bytes, rule, seq});
        prune();
    }

    void set_policies(std::vector<PolicyRule> policies) {
        options_.policies = std::move(policies);
        for (Kept& each : std::exchange(kept_, {})) {
            each.rule = rule_for(each.record);
            if (capacity_of(each.rule) > 0) {
                place(std::move(each));
            } else {
                ++evicted;
            }
        }
        prune();
    }

    void clear() { kept_.clear(); }

    std::vector<Seq> query(const Query& query) const {
        std::vector<Seq> found;
        for (const Kept& each : kept_) {
            if (holds(query, each.record, each.seq)) found.push_back(each.seq);
        }
        return limited(query, std::move(found));
    }

    const std::vector<Kept>& kept() const { return kept_; }
    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const Kept& each : kept_) sum += each.bytes;
        return sum;
    }

    std::size_t stored = 0, evicted = 0, refused = 0, truncated = 0;

private:
    std::size_t rule_for(const Record& record) const {
        std::size_t rule = 0;
        while (rule < options_.policies.size() && !record.matches(options_.policies[rule].pattern)) ++rule;
        return rule;
    }

    const RetentionPolicy policy_of(std::size_t rule) const {
        return rule < options_.policies.size() ? options_.policies[rule].policy : RetentionPolicy(SharedRing{});
    }

    std::size_t capacity_of(std::size_t rule) const {
        const RetentionPolicy policy = policy_of(rule);
        if (std::holds_alternative<KeepNone>(policy.get())) return 0;
        if (const auto* bucket_ring = std::get_if<BucketRing>(&policy.get())) return bucket_ring->capacity;
        if (const auto* custom = std::get_if<RetentionPolicy::Custom>(&policy.get())) return (*custom)->capacity();
        return options_.capacity;
    }

    bool stores(std::size_t rule, const Record& record) const {
        if (capacity_of(rule) == 0) return false;
        const RetentionPolicy policy = policy_of(rule);
        const auto* custom = std::get_if<RetentionPolicy::Custom>(&policy.get());
        return custom == nullptr || (*custom)->should_store(record);
    }

    bool is_shared(std::size_t rule) const { return std::holds_alternative<SharedRing>(policy_of(rule).get()); }
    bool has_buckets(std::size_t rule) const { return std::holds_alternative<BucketRing>(policy_of(rule).get()); }

    static bool same_bucket(const Kept& a, const Kept& b) {
        return a.rule == b.rule && a.record.name() == b.record.name() && a.record.key() == b.record.key();
    }

    bool same_container(const Kept& a, const Kept& b) const {
        if (is_shared(a.rule)) return is_shared(b.rule);
        return has_buckets(a.rule) ? same_bucket(a, b) : a.rule == b.rule;
    }

    template <class Which>
    void evict_if(Which which) {
        evicted += std::erase_if(kept_, which);
    }

    void place(Kept next) {
        const auto beside = [&](const Kept& each) { return same_container(each, next); };
        if (static_cast<std::size_t>(std::ranges::count_if(kept_, beside)) == capacity_of(next.rule)) {
            kept_.erase(std::ranges::find_if(kept_, beside));
            ++evicted;
        }
        kept_.push_back(std::move(next));
    }

    /// The buckets beyond `max_keys`, then the oldest records beyond `max_total_bytes`.
    void prune() {
        for (std::size_t rule = 0; rule < options_.policies.size(); ++rule) {
            if (has_buckets(rule)) prune_buckets(rule, std::get<BucketRing>(policy_of(rule).get()).max_keys);
        }
        while (bytes() > options_.max_total_bytes) {
            kept_.erase(kept_.begin());
            ++evicted;
        }
    }

    void prune_buckets(std::size_t rule, std::size_t most) {
        for (;;) {
            std::vector<Kept> newest;  // of each bucket, in the order of writing
            for (auto each = kept_.rbegin(); each != kept_.rend(); ++each) {
                const auto beside = [&](const Kept& other) { return same_bucket(*each, other); };
                if (each->rule == rule && std::ranges::none_of(newest, beside)) newest.push_back(*each);
            }
            if (newest.size() <= most) return;
            evict_if([&](const Kept& each) { return same_bucket(each, newest.back()); });
        }
    }

    HistoryOptions options_;
    std::vector<Kept> kept_;
};

}  // namespace hindsight::test

#include "support/catch.hpp"

#include <hindsight/detail/retention_rule.hpp>
#include <hindsight/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

using namespace hindsight;
using detail::Bucket;
using detail::RetentionRule;
using hindsight::test::Contains;

namespace {

struct KeepAll {
    bool should_store(const Record&) const { return true; }
    std::size_t capacity() const { return capacity_; }
    std::size_t capacity_ = 5;
};

/// From the least to the most recently written one.
std::vector<std::string> keys(const RetentionRule& rule) {
    std::vector<std::string> keys;
    for (const Bucket* each = rule.least_recent; each != nullptr; each = each->more_recent) {
        keys.emplace_back(each->key);
    }
    std::vector<std::string> backwards;
    for (const Bucket* each = rule.most_recent; each != nullptr; each = each->less_recent) {
        backwards.insert(backwards.begin(), std::string(each->key));
    }
    CHECK(keys == backwards);
    CHECK(keys.size() == rule.buckets.size());
    return keys;
}

Bucket& write(RetentionRule& rule, const char* key, const char* name = "a.b") {
    Bucket& bucket = rule.bucket_for(name, key);
    rule.make_most_recent(bucket);
    return bucket;
}

TEST_CASE("each policy becomes a rule of its kind", "[retention_rule]") {
    const RetentionRule shared(Pattern("a.*"), SharedRing{}, 10);
    CHECK(shared.kind == RetentionRule::Kind::ring);
    CHECK(shared.shared());
    CHECK(shared.log == nullptr);
    CHECK(RetentionRule(Pattern("a.*"), SharedRing{}, 0).kind == RetentionRule::Kind::none);
    CHECK(RetentionRule(Pattern("a.*"), KeepNone{}, 10).kind == RetentionRule::Kind::none);

    const RetentionRule buckets(Pattern("a.*"), BucketRing{.capacity = 3, .max_keys = 7}, 0);
    CHECK(buckets.kind == RetentionRule::Kind::buckets);
    CHECK(buckets.bucket_capacity == 3);
    CHECK(buckets.max_buckets == 7);

    const RetentionRule custom(Pattern("a.*"), KeepAll{}, 0);
    CHECK(custom.kind == RetentionRule::Kind::ring);
    CHECK_FALSE(custom.shared());
    CHECK(custom.log->capacity() == 5);
    CHECK(&custom.log->rule() == &custom);
    CHECK(RetentionRule(Pattern("a.*"), KeepAll{0}, 10).kind == RetentionRule::Kind::none);
}

TEST_CASE("a rule without a pattern matches all, others by their pattern", "[retention_rule]") {
    const RetentionRule all(std::nullopt, SharedRing{}, 10);
    CHECK(all.matches("a.b"));
    CHECK(all.matches("hindsight.handler_error"));
    const RetentionRule some(Pattern("a.*"), SharedRing{}, 10);
    CHECK(some.matches("a.b"));
    CHECK_FALSE(some.matches("b.a"));
}

TEST_CASE("a rule that makes no sense is refused by its pattern", "[retention_rule]") {
    const auto make = [](const RetentionPolicy& policy) { const RetentionRule rule(Pattern("a.*"), policy, 10); };
    CHECK_THROWS_AS(make(BucketRing{.capacity = 0}), InvalidArgument);
    CHECK_THROWS_WITH(make(BucketRing{.capacity = 0}), Contains("a.*") && Contains("BucketRing.capacity"));
    CHECK_THROWS_AS(make(BucketRing{.max_keys = 0}), InvalidArgument);
    CHECK_THROWS_WITH(make(BucketRing{.max_keys = 0}), Contains("a.*") && Contains("BucketRing.max_keys"));
}

TEST_CASE("a bucket is made for each name and key, once", "[retention_rule]") {
    RetentionRule rule(Pattern("a.*"), BucketRing{.capacity = 2}, 10);
    Bucket& first = rule.bucket_for("a.b", "x");
    CHECK(first.ring.capacity() == 2);
    CHECK(first.name == "a.b");
    CHECK(first.key == "x");
    CHECK(&rule.bucket_for("a.b", "x") == &first);
    CHECK(&rule.bucket_for("a.b", "y") != &first);
    CHECK(&rule.bucket_for("a.c", "x") != &first);
    CHECK(&rule.bucket_for("a.bx", "") != &first);
    CHECK(rule.buckets.size() == 4);
    for (int i = 0; i < 100; ++i) rule.bucket_for("a.b", std::to_string(i));
    CHECK(&rule.bucket_for("a.b", "x") == &first);
    CHECK(first.key == "x");
}

TEST_CASE("buckets are ordered by their last write; new ones come first until they are written", "[retention_rule]") {
    RetentionRule rule(Pattern("a.*"), BucketRing{}, 10);
    write(rule, "x");
    CHECK(keys(rule) == std::vector<std::string>{"x"});
    write(rule, "y");
    write(rule, "z");
    CHECK(keys(rule) == std::vector<std::string>{"x", "y", "z"});
    write(rule, "x");
    CHECK(keys(rule) == std::vector<std::string>{"y", "z", "x"});
    write(rule, "z");
    write(rule, "z");
    CHECK(keys(rule) == std::vector<std::string>{"y", "x", "z"});
    rule.bucket_for("a.b", "new");
    CHECK(keys(rule) == std::vector<std::string>{"new", "y", "x", "z"});
}

TEST_CASE("a bucket is erased wherever it stands", "[retention_rule]") {
    RetentionRule rule(Pattern("a.*"), BucketRing{}, 10);
    for (const char* key : {"v", "w", "x", "y", "z"}) write(rule, key);
    rule.erase(rule.bucket_for("a.b", "x"));
    CHECK(keys(rule) == std::vector<std::string>{"v", "w", "y", "z"});
    rule.erase(rule.bucket_for("a.b", "v"));
    rule.erase(rule.bucket_for("a.b", "z"));
    CHECK(keys(rule) == std::vector<std::string>{"w", "y"});
    rule.erase(rule.bucket_for("a.b", "w"));
    rule.erase(rule.bucket_for("a.b", "y"));
    CHECK(keys(rule).empty());
    write(rule, "x");
    CHECK(keys(rule) == std::vector<std::string>{"x"});
}

}  // namespace

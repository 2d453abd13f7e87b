#include "support/catch.hpp"

#include <hindsight/retention.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

using namespace hindsight;

namespace {

struct KeepAll {
    bool should_store(const Record&) const { return true; }
    std::size_t capacity() const { return 5; }
};

struct CountsInInt {
    bool should_store(const Record&) const { return true; }
    int capacity() const { return 3; }
};

struct NotConst {
    bool should_store(const Record&) { return true; }
    std::size_t capacity() const { return 5; }
};

struct AnswersMaybe {
    int should_store(const Record&) const { return 1; }
    std::size_t capacity() const { return 5; }
};

struct NoCapacity {
    bool should_store(const Record&) const { return true; }
};

struct NotCopyable : KeepAll {
    std::unique_ptr<int> state;
};

TEST_CASE("any copyable type with the two functions is a policy", "[retention]") {
    STATIC_REQUIRE(CustomPolicy<KeepAll>);
    STATIC_REQUIRE(CustomPolicy<CountsInInt>);
    STATIC_REQUIRE_FALSE(CustomPolicy<NotConst>);
    STATIC_REQUIRE_FALSE(CustomPolicy<AnswersMaybe>);
    STATIC_REQUIRE_FALSE(CustomPolicy<NoCapacity>);
    STATIC_REQUIRE_FALSE(CustomPolicy<NotCopyable>);
    STATIC_REQUIRE(std::constructible_from<RetentionPolicy, KeepAll>);
    // What is nearly a policy is taken, to be refused with a text of the library's: see compile_fail/.
    STATIC_REQUIRE_FALSE(std::constructible_from<RetentionPolicy, std::string>);
}

TEST_CASE("the built-in policies are descriptions, not models of the concept", "[retention]") {
    STATIC_REQUIRE_FALSE(CustomPolicy<SharedRing>);
    STATIC_REQUIRE_FALSE(CustomPolicy<KeepNone>);
    STATIC_REQUIRE_FALSE(CustomPolicy<BucketRing>);
    STATIC_REQUIRE_FALSE(CustomPolicy<RetentionPolicy>);
}

TEST_CASE("a retention policy holds what it was made of", "[retention]") {
    CHECK(std::holds_alternative<SharedRing>(RetentionPolicy().get()));
    CHECK(std::holds_alternative<SharedRing>(RetentionPolicy(SharedRing{}).get()));
    CHECK(std::holds_alternative<KeepNone>(RetentionPolicy(KeepNone{}).get()));
    const RetentionPolicy buckets = BucketRing{.capacity = 2, .max_keys = 3};
    CHECK(std::get<BucketRing>(buckets.get()).capacity == 2);
    CHECK(std::get<BucketRing>(buckets.get()).max_keys == 3);

    const RetentionPolicy custom = CountsInInt{};
    const auto& held = std::get<RetentionPolicy::Custom>(custom.get());
    REQUIRE(held != nullptr);
    CHECK(held->capacity() == 3);
    CHECK(held->should_store(Record()));
}

TEST_CASE("copies share the user's policy object", "[retention]") {
    const RetentionPolicy custom = KeepAll{};
    const RetentionPolicy copy = custom;
    CHECK(std::get<RetentionPolicy::Custom>(copy.get()) == std::get<RetentionPolicy::Custom>(custom.get()));
    RetentionPolicy assigned = KeepNone{};
    assigned = copy;
    CHECK(std::get<RetentionPolicy::Custom>(assigned.get()) == std::get<RetentionPolicy::Custom>(custom.get()));
}

TEST_CASE("rules are written as pairs of any text and any policy", "[retention]") {
    const std::string name = "order.placed";
    const std::vector<PolicyRule> rules{
        {"debug.*", KeepNone{}}, {name, BucketRing{}}, {Pattern("*"), SharedRing{}}, {"slow.*", KeepAll{}}};
    CHECK(rules[0].pattern.text() == "debug.*");
    CHECK(rules[1].pattern.text() == "order.placed");
    CHECK(std::holds_alternative<SharedRing>(rules[2].policy.get()));
    CHECK(std::holds_alternative<RetentionPolicy::Custom>(rules[3].policy.get()));
    CHECK_THROWS_AS((std::vector<PolicyRule>{{"debug.**", KeepNone{}}}), InvalidName);
}

}  // namespace

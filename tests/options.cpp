#include "support/catch.hpp"

#include <hindsight/options.hpp>
#include <hindsight/query.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>

using namespace hindsight;
using namespace std::chrono_literals;

namespace {

TEST_CASE("the documented defaults are the defaults", "[options]") {
    const HistoryOptions history;
    CHECK(history.capacity == 1000);
    CHECK(history.max_payload_bytes == 64 * 1024);
    CHECK(history.max_total_bytes == 64 * 1024 * 1024);
    CHECK(history.policies.empty());

    const BucketRing bucket_ring;
    CHECK(bucket_ring.capacity == 1);
    CHECK(bucket_ring.max_keys == 4096);

    CHECK(PoolOptions().threads == per_core);

    const MailboxOptions mailbox;
    CHECK(mailbox.capacity == 1024);
    CHECK(mailbox.overflow == Overflow::block);
    CHECK(mailbox.hard_limit == 64 * 1024);
    CHECK(mailbox.block_for == Duration::max());

    const SubscribeOptions subscribe;
    CHECK(subscribe.name.empty());
    CHECK(subscribe.delivery == Delivery::queued);
    CHECK(subscribe.priority == 0);
    CHECK_FALSE(subscribe.filter);
    CHECK(subscribe.mailbox.capacity == 1024);
    CHECK_FALSE(subscribe.replay);
    CHECK(subscribe.executor == nullptr);
    CHECK(subscribe.max_deliveries == 0);
    CHECK_FALSE(subscribe.on_lagged);
    CHECK(subscribe.concurrency == 1);

    const BusOptions bus;
    CHECK(bus.history.capacity == 1000);
    CHECK(bus.pool.threads == per_core);
    CHECK(bus.executor == nullptr);
    CHECK(bus.clock == nullptr);
    CHECK(bus.errors == ErrorPolicy::isolate);
    CHECK_FALSE(bus.on_error);
    CHECK(bus.drain_on_destroy == 5s);
    CHECK(bus.max_names == 64 * 1024);
    CHECK(bus.max_depth == 256);
    CHECK(bus.deliveries == nullptr);
    CHECK(bus.max_scheduled == 64 * 1024);

    const CallbackOptions callbacks;
    CHECK(callbacks.executor == nullptr);
    CHECK(callbacks.clock == nullptr);
    CHECK(callbacks.errors == bus.errors);
    CHECK(callbacks.max_names == bus.max_names);
    CHECK(callbacks.max_depth == bus.max_depth);
    CHECK(callbacks.deliveries == nullptr);

    const EmitOptions emit;
    CHECK(emit.source.empty());
    CHECK(emit.key.empty());
    CHECK_FALSE(emit.severity);
    CHECK(emit.correlation.empty());
    CHECK(emit.cause == 0);
    CHECK(emit.metadata.size() == 0);
    CHECK_FALSE(emit.time);

    const Query query;
    CHECK(query.limit == no_limit);
    CHECK(query.take == Take::newest);
    CHECK(query.after_seq == 0);
    CHECK(query.before_seq == 0);
    CHECK_FALSE(query.where);
}

TEST_CASE("all fields are named in the published order", "[options]") {
    const auto accept = [](const Record&) { return true; };
    const auto clock = std::make_shared<ManualClock>();
    const BusOptions bus{
        .history = {.capacity = 1,
                    .max_payload_bytes = 2,
                    .max_total_bytes = 3,
                    .policies = {{"a.*", KeepNone{}},
                                 {"b", BucketRing{.capacity = 2, .max_keys = 3}},
                                 {std::string("c.d"), SharedRing{}}}},
        .pool = {.threads = 4},
        .executor = nullptr,
        .clock = clock,
        .errors = ErrorPolicy::rethrow,
        .on_error = [](const HandlerError&) {},
        .drain_on_destroy = 0s,
        .max_names = 6,
        .max_depth = 7,
        .deliveries = nullptr,
    };
    CHECK(bus.history.policies.size() == 3);
    CHECK(bus.max_depth == 7);

    const SubscribeOptions subscribe{
        .name = "watcher",
        .delivery = Delivery::direct,
        .priority = -3,
        .filter = accept,
        .mailbox = {.capacity = 1, .overflow = Overflow::conflate, .hard_limit = 2, .block_for = 1s},
        .replay = Replay::last(1),
        .executor = nullptr,
        .max_deliveries = 1,
        .on_lagged = [](const Lagged&) {},
    };
    CHECK(subscribe.mailbox.block_for == 1s);

    const EmitOptions emit{
        .source = "s",
        .key = "k",
        .severity = Severity::error,
        .correlation = "c",
        .cause = 1,
        .metadata = {{"m", "v"}},
        .time = TimePoint{1s},
    };
    CHECK(emit.source == "s");

    const Query query{
        .name = "a.b",
        .pattern = "a.*",
        .category = "a",
        .source = "s",
        .key = "k",
        .min_severity = Severity::info,
        .since = TimePoint{1s},
        .until = TimePoint{2s},
        .after_seq = 1,
        .before_seq = 9,
        .where = accept,
        .limit = 5,
        .take = Take::oldest,
    };
    CHECK(query.limit == 5);
}

TEST_CASE("options are plain values", "[options]") {
    STATIC_REQUIRE(std::is_aggregate_v<HistoryOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<PoolOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<MailboxOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<SubscribeOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<EmitOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<CallbackOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<BusOptions>);
    STATIC_REQUIRE(std::is_aggregate_v<Query>);
    STATIC_REQUIRE(std::is_aggregate_v<BucketRing>);
    STATIC_REQUIRE(std::is_aggregate_v<PolicyRule>);
    STATIC_REQUIRE(std::is_copy_constructible_v<BusOptions>);
    STATIC_REQUIRE(std::is_copy_constructible_v<SubscribeOptions>);
    STATIC_REQUIRE(std::is_copy_constructible_v<Query>);
    STATIC_REQUIRE(std::is_trivially_destructible_v<EmitOptions>);
}

TEST_CASE("a query owns its texts", "[options]") {
    Query query;
    {
        std::string text(100, 's');
        query.source = text;
        text.assign(100, 'x');
    }
    CHECK(query.source == std::string(100, 's'));
}

}  // namespace

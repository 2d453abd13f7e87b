#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/statistics.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// What became of all events that a subscription might have got.
std::uint64_t accounted(const SubscriptionStatistics& stats) {
    return stats.filtered + stats.skipped + stats.delivered + stats.dropped + stats.conflated + stats.discarded +
           stats.queue_depth;
}

std::uint64_t accounted(const Statistics& stats) {
    return stats.delivered + stats.dropped + stats.conflated + stats.discarded + stats.queue_depth;
}

/// Subscriptions of every kind that ends events in its own way, on a bus whose handlers run when the test says so.
struct Zoo {
    explicit Zoo(std::uint32_t seed)
        : random(seed), bus({.pool = {.threads = 0}, .clock = clock, .on_error = [](const HandlerError&) {}}) {
        const auto handle = [](const Record&) {};
        const auto odd = [](const Record& record) { return record.metadata("odd").has_value(); };
        add("direct", {.delivery = Delivery::direct}, handle);
        add("filtered", {.delivery = Delivery::direct, .filter = odd}, handle);
        add("throws", {}, [](const Record&) { throw std::runtime_error("no"); });
        add("queued", {.filter = odd}, handle);
        add("oldest", {.mailbox = {.capacity = 3, .overflow = Overflow::drop_oldest}}, handle);
        add("newest", {.mailbox = {.capacity = 3, .overflow = Overflow::drop_newest}}, handle);
        add("conflated", {.mailbox = {.capacity = 2, .overflow = Overflow::conflate}}, handle);
        add("grows", {.mailbox = {.capacity = 1, .hard_limit = 4}}, handle);
        add("debounced", {.filter = odd, .debounce = Duration(3)}, handle);
        add("throttled", {.mailbox = {.capacity = 1, .overflow = Overflow::drop_newest}, .throttle = Duration(5)},
            handle);
    }

    template <class F>
    void add(std::string name, SubscribeOptions options, F handler) {
        options.name = std::move(name);
        subscriptions.push_back(bus.subscribe("task.*", handler, std::move(options)));
    }

    std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); }

    void emit() {
        const std::string key(1, static_cast<char>('a' + below(4)));
        if (below(2) == 0) {
            bus.emit(TaskFailed{"t"}, {.key = key, .metadata = {{"odd", "1"}}});
        } else {
            bus.emit(TaskCompleted{"t"}, {.key = key});
        }
        clock->advance(Duration(1));
        ++emitted;
    }

    std::mt19937 random;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    EventBus bus;
    std::vector<Subscription> subscriptions;
    std::uint64_t emitted = 0;
};

TEST_CASE("every event is accounted for, by every subscription", "[statistics][promise-8]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    Zoo zoo(seed);
    for (int step = 0; step < 800; ++step) {
        switch (zoo.below(8)) {
        case 0:
            zoo.bus.run_pending(zoo.below(6));
            break;
        case 1:
            zoo.subscriptions[zoo.below(zoo.subscriptions.size())].pause();
            break;
        case 2:
            zoo.subscriptions[zoo.below(zoo.subscriptions.size())].resume();
            break;
        default:
            zoo.emit();
        }
        for (const SubscriptionStatistics& each : zoo.bus.stats().subscriptions) {
            INFO("step " << step << ", " << each.name);
            REQUIRE(accounted(each) == zoo.emitted);
        }
    }
    const Statistics before = zoo.bus.stats();
    CHECK(before.matched == accounted(before));
    for (const auto index : {4u, 5u, 6u, 7u}) CHECK(before.subscriptions[index].delivered > 0);
    CHECK(before.subscriptions[4].dropped > 0);
    CHECK(before.subscriptions[5].dropped > 0);
    CHECK(before.subscriptions[6].conflated > 0);
    CHECK(before.subscriptions[7].dropped > 0);
    for (const auto index : {8u, 9u}) {
        CHECK(before.subscriptions[index].delivered > 0);
        CHECK(before.subscriptions[index].conflated > 0);
    }
    CHECK(before.subscriptions[9].dropped > 0);

    SECTION("also when what waits is discarded") {
        for (int i = 0; i < 10; ++i) zoo.emit();
        const std::uint64_t waiting = zoo.bus.stats().queue_depth;
        CHECK(waiting > 0);
        for (Subscription& each : zoo.subscriptions) {
            each.disconnect();
            REQUIRE(accounted(each.stats()) == zoo.emitted);
        }
        const Statistics after = zoo.bus.stats();
        CHECK(after.queue_depth == 0);
        CHECK(after.discarded == before.discarded + waiting);
        CHECK(after.matched == accounted(after));
    }
    SECTION("also when what waits is handled, and nothing is left") {
        zoo.clock->advance(Duration(10));
        while (zoo.bus.run_pending() > 0) {}
        const Statistics after = zoo.bus.stats();
        CHECK(after.queue_depth == 0);
        CHECK(after.matched == accounted(after));
        CHECK(after.discarded == 0);
        std::uint64_t delivered = 0, failed = 0;
        for (const SubscriptionStatistics& each : after.subscriptions) {
            delivered += each.delivered;
            failed += each.failed;
        }
        CHECK(delivered == after.delivered);
        CHECK(failed == after.failed);
        CHECK(after.emitted == zoo.emitted + after.by_name.at("hindsight.handler_error").emitted);
        CHECK(after.by_name.at("hindsight.handler_error").emitted == failed);
    }
}

TEST_CASE("every event is accounted for when several threads emit", "[statistics][promise-8]") {
    EventBus bus{{.pool = {.threads = 2}}};
    std::vector<Subscription> subscriptions;
    const auto handle = [](const ClockTick&) {};
    for (const Overflow overflow :
         {Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::conflate}) {
        subscriptions.push_back(bus.subscribe<ClockTick>(handle, {.mailbox = {.capacity = 4, .overflow = overflow}}));
    }
    subscriptions.push_back(bus.subscribe<ClockTick>(handle, {.delivery = Delivery::direct}));
    {
        std::vector<std::jthread> emitters;
        for (int emitter = 0; emitter < 3; ++emitter) {
            emitters.emplace_back([&] {
                for (int i = 0; i < 2000; ++i) bus.emit(ClockTick{i});
            });
        }
    }
    CHECK(bus.shutdown(std::chrono::seconds(30)).drained);
    for (const Subscription& each : subscriptions) CHECK(accounted(each.stats()) == 6000);
    const Statistics stats = bus.stats();
    CHECK(stats.emitted == 6000);
    CHECK(stats.matched == 5 * 6000);
    CHECK(stats.matched == accounted(stats));
    CHECK(subscriptions[0].stats().delivered == 6000);
    CHECK(subscriptions[4].stats().delivered == 6000);
}

TEST_CASE("all counters of a bus start at zero again when they are told", "[statistics]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    Zoo zoo(seed);
    for (int i = 0; i < 100; ++i) zoo.emit();
    zoo.subscriptions.front().pause();
    zoo.emit();
    zoo.bus.run_pending();
    zoo.clock->advance(Duration(10));
    while (zoo.bus.run_pending() > 0) {}
    const std::uint64_t stored = zoo.bus.history().stats().stored;
    zoo.bus.reset_stats();
    const Statistics stats = zoo.bus.stats();
    CHECK(stats.emitted + stats.matched + stats.failed + accounted(stats) == 0);
    for (const auto& [name, of_name] : stats.by_name) CHECK(of_name.emitted == 0);
    CHECK(stats.subscriptions.size() == zoo.subscriptions.size());
    for (const SubscriptionStatistics& each : stats.subscriptions) CHECK(accounted(each) + each.failed == 0);
    CHECK(zoo.bus.history().stats().stored == stored);

    zoo.subscriptions.front().resume();
    zoo.emit();
    CHECK(zoo.bus.stats().emitted == 1);
    CHECK(zoo.subscriptions.front().stats().delivered == 1);
}

}  // namespace

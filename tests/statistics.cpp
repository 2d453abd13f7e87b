#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/statistics.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

using namespace hindsight;
using namespace hindsight::test;

namespace {

std::uint64_t emitted_by_name(const Statistics& stats) {
    std::uint64_t sum = 0;
    for (const auto& [name, of_name] : stats.by_name) sum += of_name.emitted;
    return sum;
}

TEST_CASE("a bus counts what was emitted, in total and by name", "[statistics]") {
    EventBus bus;
    for (int i = 0; i < 3; ++i) bus.emit(ClockTick{i});
    bus.emit(TaskFailed{});
    const std::string name = "a.name_known_at_run_time";
    bus.emit(NamedEvent{name});
    bus.emit(NamedEvent{name});
    const Statistics stats = bus.stats();
    CHECK(stats.emitted == 6);
    CHECK(stats.by_name.at("clock.tick").emitted == 3);
    CHECK(stats.by_name.at("task.failed").emitted == 1);
    CHECK(stats.by_name.at(name).emitted == 2);
    CHECK(emitted_by_name(stats) == stats.emitted);
    CHECK(stats.matched == 0);
    CHECK(stats.subscriptions.empty());
}

TEST_CASE("names beyond max_names are counted together", "[statistics]") {
    EventBus bus{{.max_names = 3}};
    for (int i = 0; i < 10; ++i) bus.emit(NamedEvent{"a.name_known_at_run_time_" + std::to_string(i)});
    const Statistics stats = bus.stats();
    CHECK(stats.emitted == 10);
    CHECK(stats.by_name.size() == 4);
    CHECK(stats.by_name.at("(other)").emitted == 7);
    CHECK(emitted_by_name(stats) == 10);
}

TEST_CASE("each subscription is described as it was made, in the order of subscribing", "[statistics]") {
    EventBus bus;
    const Subscription typed = bus.subscribe<ClockTick>([](const ClockTick&) {}, {.name = "typed"});
    const Subscription by_pattern =
        bus.subscribe("task.*", [](const Record&) {}, {.delivery = Delivery::direct, .priority = 7});
    Subscription paused = bus.subscribe("task.*", [](const Record&) {});
    paused.pause();
    bus.emit(TaskFailed{}).wait();

    const Statistics stats = bus.stats();
    REQUIRE(stats.subscriptions.size() == 3);
    CHECK(stats.subscriptions[0].name == "typed");
    CHECK(stats.subscriptions[0].pattern == "clock.tick");
    CHECK(stats.subscriptions[0].delivery == Delivery::queued);
    CHECK(stats.subscriptions[0].id == typed.id());
    CHECK(stats.subscriptions[1].name.empty());
    CHECK(stats.subscriptions[1].pattern == "task.*");
    CHECK(stats.subscriptions[1].delivery == Delivery::direct);
    CHECK(stats.subscriptions[1].priority == 7);
    CHECK_FALSE(stats.subscriptions[1].paused);
    CHECK(stats.subscriptions[2].paused);
    CHECK(stats.subscriptions[2].skipped == 1);
    CHECK(stats.by_name.at("task.failed").subscriptions == 2);
    CHECK(stats.subscriptions_by_pattern.at("task.*") == 2);
    CHECK(stats.subscriptions_by_pattern.at("clock.tick") == 1);
    CHECK(stats.subscriptions_by_pattern.size() == 2);

    const SubscriptionStatistics own = by_pattern.stats();
    CHECK(own.id == by_pattern.id());
    CHECK(own.delivered == 1);
    paused.disconnect();
    CHECK(bus.stats().subscriptions.size() == 2);
    CHECK(bus.stats().by_name.at("task.failed").subscriptions == 1);
    CHECK(paused.stats().skipped == 1);
}

TEST_CASE("failures of handlers and filters are counted, and are events themselves", "[statistics]") {
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    const Subscription faulty = bus.subscribe<ClockTick>([](const ClockTick&) { throw std::runtime_error("no"); },
                                                         {.delivery = Delivery::direct});
    const Subscription faulty_filter = bus.subscribe<TaskFailed>(
        [](const TaskFailed&) {},
        {.delivery = Delivery::direct, .filter = [](const Record&) -> bool { throw std::runtime_error("no"); }});
    bus.emit(ClockTick{});
    bus.emit(ClockTick{});
    bus.emit(TaskFailed{});
    const Statistics stats = bus.stats();
    CHECK(faulty.stats().failed == 2);
    CHECK(faulty.stats().delivered == 2);
    CHECK(faulty_filter.stats().failed == 1);
    CHECK(faulty_filter.stats().delivered == 0);
    CHECK(stats.failed == 3);
    CHECK(stats.delivered == 2);
    CHECK(stats.matched == 2);
    CHECK(stats.by_name.at("hindsight.handler_error").emitted == 3);
    CHECK(stats.emitted == 6);
}

TEST_CASE("refused events are counted, and not as emitted", "[statistics]") {
    EventBus bus{{.max_depth = 2}};
    const Subscription nesting = bus.subscribe<ClockTick>(
        [&](const ClockTick& tick) { bus.emit(ClockTick{tick.number + 1}); }, {.delivery = Delivery::direct});
    bus.emit(ClockTick{});
    CHECK(bus.stats().emitted == 2);
    CHECK(bus.stats().refused_too_deep == 1);
    bus.shutdown(Duration::zero());
    CHECK_FALSE(bus.emit(ClockTick{}));
    CHECK_FALSE(bus.emit(ClockTick{}));
    CHECK(bus.stats().emitted == 2);
    CHECK(bus.stats().refused_closed == 2);
}

TEST_CASE("the counters of subscriptions that are gone stay in the totals", "[statistics]") {
    EventBus bus{{.pool = {.threads = 0}}};
    {
        const Subscription gone = bus.subscribe<ClockTick>(
            [](const ClockTick&) {}, {.mailbox = {.capacity = 2, .overflow = Overflow::drop_oldest}});
        for (int i = 0; i < 5; ++i) bus.emit(ClockTick{i});
        CHECK(bus.run_pending(1) == 1);
    }
    const Statistics stats = bus.stats();
    CHECK(stats.subscriptions.empty());
    CHECK(stats.matched == 5);
    CHECK(stats.delivered == 1);
    CHECK(stats.dropped == 3);
    CHECK(stats.discarded == 1);
    CHECK(stats.queue_depth == 0);
}

}  // namespace

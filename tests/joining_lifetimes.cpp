// Promise 10: the mailbox, the handlers and the end of queued subscriptions that join late.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/joined.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::InlineExecutor;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

// The mailbox

TEST_CASE("the past does not count against the capacity, the present does", "[joining][promise-7][promise-10]") {
    Joined joined;
    joined.emit(10);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.mailbox = {.capacity = 2, .overflow = Overflow::drop_newest};
    joined.join("*", options);
    CHECK(joined.subscription.stats().queue_depth == 10);
    joined.emit(3);
    CHECK(joined.subscription.stats().queue_depth == 12);
    CHECK(joined.hear() == "1 2 3 4 5 6 7 8 9 10 11 12 [13-13:1]");
    CHECK(joined.subscription.stats().queue_depth == 0);
}

TEST_CASE("a conflating mailbox does not conflate with the past", "[joining][promise-10]") {
    Joined joined;
    joined.emit(2);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.mailbox.overflow = Overflow::conflate;
    joined.join("*", options);
    joined.emit(2);
    CHECK(joined.hear() == "1 2 4");
}

TEST_CASE("run_pending gives the past in portions", "[joining]") {
    Joined joined;
    joined.emit(5);
    joined.join(Replay::from_seq(1));
    joined.emit(1);
    CHECK(joined.bus.run_pending(2) == 2);
    CHECK(joined.log == "1 2");
    CHECK(joined.bus.run_pending(3) == 3);
    CHECK(joined.bus.run_pending(3) == 1);
    CHECK(joined.log == "1 2 3 4 5 6");
}

TEST_CASE("no receipt waits for a replay", "[joining]") {
    Joined joined;
    const auto first = joined.bus.subscribe("*", [](const Record&) {});
    const auto receipt = joined.bus.emit(NamedEvent{"test.some"});
    joined.bus.run_pending();
    REQUIRE(receipt.wait_for(0s));
    joined.join(Replay::from_seq(1));
    CHECK(receipt.wait_for(0s));
    CHECK(joined.hear() == "1");
    CHECK(receipt.wait_for(0s));
}

TEST_CASE("an executor of one's own may deliver the past before subscribe returns", "[joining]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::last(2));
    options.executor = std::make_shared<InlineExecutor>();
    joined.join("*", options);
    CHECK(std::exchange(joined.log, {}) == "2 3");
    joined.emit(1);
    CHECK(joined.log == "4");
}

TEST_CASE("an executor that takes no task loses the past, counted", "[joining][promise-8]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::last(2));
    SECTION("it throws") {
        options.executor = std::make_shared<ThrowingExecutor>();
    }
    SECTION("it destroys the task") {
        options.executor = std::make_shared<DroppingExecutor>();
    }
    joined.join("*", options);
    CHECK(joined.subscription.stats().discarded == 2);
    CHECK(joined.subscription.stats().queue_depth == 0);
}

// Handlers and filters

TEST_CASE("max_deliveries counts replays", "[joining]") {
    Joined joined;
    joined.emit(5);
    SubscribeOptions options = joined.with(Replay::last(4));
    options.max_deliveries = 3;
    joined.join("*", options);
    CHECK(joined.hear() == "2 3 4");
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.subscription.stats().discarded == 1);
}

TEST_CASE("a handler of the past that throws gets the rest", "[joining][promise-3]") {
    Joined joined;
    joined.emit(3);
    joined.subscription = joined.bus.subscribe(
        "test.*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() == 2) throw std::runtime_error("no");
        },
        joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 2 3");
    CHECK(joined.subscription.stats().failed == 1);
}

TEST_CASE("a filter that throws at a record of the past is a failure, and others go on", "[joining][promise-3]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [](const Record& record) {
        if (record.seq() == 2) throw std::runtime_error("no");
        return true;
    };
    joined.join("test.*", options);
    CHECK(joined.hear() == "1 3");
    CHECK(joined.subscription.stats().failed == 1);
}

TEST_CASE("a subscription can end itself in its filter, before its past", "[joining][promise-5]") {
    Joined joined;
    joined.emit(3);
    const auto state = std::make_shared<int>(0);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [state](const Record& record) {
        if (record.seq() == 2) hindsight::this_handler::disconnect();
        return true;
    };
    joined.join("*", std::move(options));
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.subscription.disconnect());
    CHECK(state.use_count() == 1);
    CHECK(joined.hear().empty());
    CHECK(joined.subscription.stats().discarded == 3);
    CHECK(joined.bus.subscription_count() == 0);
}

TEST_CASE("a handler of the past can end itself", "[joining][promise-5]") {
    Joined joined;
    joined.emit(3);
    joined.subscription = joined.bus.subscribe(
        "*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() == 2) hindsight::this_handler::disconnect();
        },
        joined.with(Replay::from_seq(1)));
    joined.emit(1);
    CHECK(joined.hear() == "1 2");
    CHECK(joined.subscription.stats().discarded == 2);
}

TEST_CASE("disconnect waits for a handler of the past, though nothing was emitted since", "[joining][promise-5]") {
    EventBus bus({.pool = {.threads = 1}});
    bus.emit(Tick{});
    std::promise<void> entered, leave;
    std::atomic<bool> left{false};
    Subscription subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.set_value();
            get_soon(leave.get_future());
            left = true;
        },
        {.replay = Replay::last(1)});
    get_soon(entered.get_future());
    auto ending = start([&] { return subscription.disconnect() && left; });
    spin_until([&] { return !subscription.connected(); });
    let_others_run();
    leave.set_value();
    CHECK(get_soon(std::move(ending)));
}

TEST_CASE("what waits of the past is discarded with the subscription", "[joining][promise-5][promise-8]") {
    Joined joined;
    joined.emit(3);
    joined.join(Replay::from_seq(1));
    joined.emit(1);
    CHECK(joined.subscription.disconnect());
    CHECK(joined.hear().empty());
    CHECK(joined.subscription.stats().discarded == 4);
    CHECK(joined.bus.stats().matched == 4);
}

TEST_CASE("handlers may emit and join inside the past", "[joining][promise-4][promise-10]") {
    Joined joined;
    joined.emit(2);
    Subscription inner;
    joined.subscription = joined.bus.subscribe(
        "test.*",
        [&](const Record& record) {
            joined.add(record);
            if (record.seq() != 1) return;
            joined.emit(1);
            inner = joined.bus.subscribe(
                "test.*", [&](const Record& r) { joined.add("i" + std::to_string(r.seq())); },
                joined.with(Replay::last(2)));
            joined.emit(1);
        },
        joined.with(Replay::from_seq(1)));
    CHECK(joined.hear() == "1 2 3 4 i2 i3 i4");
}

TEST_CASE("a paused subscription is still given its past", "[joining]") {
    Joined joined;
    joined.emit(2);
    joined.join(Replay::from_seq(1));
    joined.subscription.pause();
    joined.emit(1);
    CHECK(joined.hear() == "1 2");
    CHECK(joined.subscription.stats().skipped == 1);
}

TEST_CASE("retired events leave the past that waits", "[joining]") {
    Joined joined;
    joined.bus.emit(Tick{});
    joined.bus.emit(Tock{});
    joined.bus.emit(Tick{});
    joined.join(Replay::from_seq(1));
    CHECK(joined.bus.retire<Tick>() == 0);
    CHECK(joined.hear() == "2");
    CHECK(joined.subscription.stats().discarded == 2);
}

// The end of the bus

TEST_CASE("a shutdown drains the past", "[joining][promise-8]") {
    Joined joined;
    joined.emit(3);
    joined.join(Replay::from_seq(1));
    CHECK(joined.bus.shutdown(patience).drained);
    CHECK(joined.log == "1 2 3");
}

TEST_CASE("a shutdown reports the past that it could not deliver", "[joining][promise-8]") {
    const auto executor = std::make_shared<ManualExecutor>();
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.executor = executor;
    joined.join("*", options);
    joined.emit(1);
    const auto report = joined.bus.shutdown(0s);
    CHECK(report.undelivered == 4);
    CHECK(joined.subscription.stats().discarded == 4);
    executor->run_all();
    CHECK(joined.log.empty());
}

TEST_CASE("a filter that shuts the bus down while its subscription joins", "[joining][promise-9]") {
    Joined joined;
    joined.emit(3);
    SubscribeOptions options = joined.with(Replay::from_seq(1));
    options.filter = [&](const Record& record) {
        if (record.seq() == 2) joined.bus.shutdown(0s);
        return true;
    };
    joined.join("*", options);
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.hear().empty());
}

TEST_CASE("a bus that is shut down takes no subscription, with or without replay", "[joining]") {
    Joined joined;
    joined.emit(1);
    joined.bus.shutdown(0s);
    CHECK_THROWS_AS(joined.join(Replay::last(1)), hindsight::Closed);
}

TEST_CASE("handlers of the past may destroy the bus", "[joining][promise-5]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.pool = {.threads = 1}});
    for (int i = 0; i < 3; ++i) bus->emit(Tick{i});
    std::promise<int> called;
    auto future = called.get_future();
    auto subscription = bus->subscribe<Tick>(
        [&](const Tick& tick) {
            bus.reset();
            called.set_value(tick.number);
        },
        {.replay = Replay::last(3)});
    CHECK(get_soon(std::move(future)) == 0);
    CHECK(run_elsewhere([&] { return subscription.disconnect(); }));
}

TEST_CASE("a single-threaded bus replays", "[joining]") {
    hindsight::SingleThreadedBus bus;
    bus.emit(Tick{1});
    std::vector<int> seen;
    const auto queued =
        bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); }, {.replay = Replay::last(1)});
    const auto direct = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(10 + tick.number); },
                                            {.delivery = Delivery::direct, .replay = Replay::last(1)});
    CHECK(seen == std::vector<int>{11});
    bus.emit(Tick{2});
    bus.run_pending();
    CHECK(seen == std::vector<int>{11, 12, 1, 2});
}

}  // namespace

// Handlers that run for too long are told of while they run. Times are the machine's: no test waits for one to be over
// that could not come later just as well.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/watching.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const SubscribeOptions direct{.delivery = Delivery::direct};

/// Collects what is told, on the watching thread.
struct Told {
    explicit Told(EventBus& bus)
        : subscription(bus.subscribe<SlowHandler>([this](const SlowHandler& event) { add(event); },
                                                  {.delivery = Delivery::direct})) {}
    void add(const SlowHandler& event) {
        {
            const std::lock_guard lock(mutex);
            events.push_back(event);
        }
        ++count;
    }
    void wait_for(int wanted) {
        spin_until([&] { return count >= wanted; });
    }

    std::mutex mutex;
    std::vector<SlowHandler> events;
    std::atomic<int> count{0};
    Subscription subscription;
};

TEST_CASE("a handler that takes too long is told of while it runs", "[slow_handlers]") {
    // A clock that stands still makes no difference.
    EventBus bus{{.history = {.policies = {{"test.tock", KeepNone{}}}}, .clock = std::make_shared<ManualClock>()}};
    Told told(bus);
    SubscribeOptions options{.name = "slow one", .slow_after = 2ms};
    Subscription subscription;
    Seq seq = 0;
    const auto wait = [&] { told.wait_for(1); };
    SECTION("queued") {
        subscription = bus.subscribe<Tick>([&](const Tick&) { wait(); }, options);
        const Receipt receipt = bus.emit(Tick{7});
        receipt.wait();
        seq = receipt.seq;
    }
    SECTION("direct, with the event") {
        options.delivery = Delivery::direct;
        subscription = bus.subscribe<Tick>([&](const Tick&) { wait(); }, options);
        seq = bus.emit(Tick{7}).seq;
    }
    SECTION("direct, with the record") {
        options.delivery = Delivery::direct;
        subscription = bus.subscribe(
            "test.*", [&](const Record&) { wait(); }, options);
        seq = bus.emit(Tick{7}).seq;
    }
    SECTION("direct, of an event that is not kept") {
        options.delivery = Delivery::direct;
        subscription = bus.subscribe<Tock>([&](const Tock&) { wait(); }, options);
        seq = bus.emit(Tock{7}).seq;
    }
    SECTION("one that throws in the end") {
        subscription = bus.subscribe<Tick>(
            [&](const Tick&) {
                wait();
                throw std::runtime_error("late as well");
            },
            options);
        const Receipt receipt = bus.emit(Tick{7});
        receipt.wait();
        seq = receipt.seq;
    }
    told.subscription.disconnect();
    REQUIRE(told.count >= 1);
    const SlowHandler& event = told.events.at(0);
    CHECK(event.subscription == "slow one");
    CHECK(event.id == subscription.id());
    CHECK(event.record.seq() == seq);
    CHECK(event.running >= 2ms);
    CHECK(event.told == 1);
    CHECK(subscription.stats().slow == 1);
    CHECK(bus.stats().slow == 1);
    const auto kept = bus.history().query<SlowHandler>();
    REQUIRE_FALSE(kept.empty());
    CHECK(kept[0].cause() == seq);
    CHECK(kept[0].severity() == Severity::warning);
    CHECK(to_json(kept[0]).find(R"("payload":{"subscription":"slow one","id":)") != std::string::npos);
}

TEST_CASE("it is told again each time that the run has taken twice as long", "[slow_handlers]") {
    EventBus bus;
    Told told(bus);
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { told.wait_for(4); }, {.delivery = Delivery::direct, .slow_after = 1ms});
    bus.emit(Tick{});
    told.subscription.disconnect();
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(told.events.at(i).told == i + 1);
        CHECK(told.events.at(i).running >= 1ms * (1 << i));
    }
    CHECK(subscription.stats().slow == 1);
}

TEST_CASE("runs inside runs are told of each by itself", "[slow_handlers]") {
    EventBus bus;
    std::atomic<bool> outer_told{false}, inner_told{false};
    const auto collecting = bus.subscribe<SlowHandler>(
        [&](const SlowHandler& event) { (event.subscription == "outer" ? outer_told : inner_told) = true; }, direct);
    const auto inner = bus.subscribe<Tock>([&](const Tock&) { spin_until([&] { return outer_told && inner_told; }); },
                                           {.name = "inner", .delivery = Delivery::direct, .slow_after = 1ms});
    const auto outer = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); },
                                           {.name = "outer", .delivery = Delivery::direct, .slow_after = 1ms});
    bus.emit(Tick{});
    CHECK(outer.stats().slow == 1);
    CHECK(inner.stats().slow == 1);
}

TEST_CASE("a bus has a threshold for all, and a subscription one of its own", "[slow_handlers]") {
    EventBus bus{{.watch = {.slow_after = 1ms}}};
    Told told(bus);
    const auto wait = [&](const Tick&) { told.wait_for(1); };
    const auto never = bus.subscribe<Tick>(wait, {.delivery = Delivery::direct, .slow_after = Duration::max()});
    const auto later = bus.subscribe<Tick>(wait, {.delivery = Delivery::direct, .slow_after = 24h});
    const auto as_all = bus.subscribe<Tick>(wait, {.name = "as all", .delivery = Delivery::direct});
    std::future<void> emitting = start([&] { bus.emit(Tick{}); });
    // The first two are called first, and wait as well: that they are not told of is seen from their counters.
    let_others_run();
    const auto other = bus.subscribe<Tock>([&](const Tock&) { told.wait_for(1); }, direct);
    bus.emit(Tock{});
    get_soon(std::move(emitting));
    CHECK(never.stats().slow == 0);
    CHECK(later.stats().slow == 0);
    CHECK(other.stats().slow == 1);
    CHECK(as_all.stats().delivered == 1);
}

TEST_CASE("handlers that are fast enough are not told of", "[slow_handlers]") {
    EventBus bus{{.watch = {.slow_after = 24h}}};
    Told told(bus);
    const auto queued = bus.subscribe<Tick>([](const Tick&) {});
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, direct);
    for (int i = 0; i < 200; ++i) bus.emit(Tick{i});
    bus.shutdown(patience);
    CHECK(bus.stats().slow == 0);
    CHECK(told.count == 0);
}

TEST_CASE("slow handlers of what tells of them do not go round and round", "[slow_handlers]") {
    EventBus bus{{.pool = {.threads = 2}}};
    Subscription slow_too;
    std::atomic<int> told{0};
    const auto wait_until_slow = [&] {
        ++told;
        spin_until([&] { return slow_too.stats().slow > 0; });
        bus.emit(Tock{});  // whose handler is slow as well
    };
    const auto tock = bus.subscribe<Tock>([&](const Tock&) { spin_until([&] { return bus.stats().slow >= 3; }); },
                                          {.delivery = Delivery::direct, .slow_after = 1ms});
    slow_too = bus.subscribe<SlowHandler>(
        [&](const SlowHandler& event) {
            if (event.told == 1) wait_until_slow();
        },
        {.slow_after = 1ms});
    const auto first = bus.subscribe<Tick>([&](const Tick&) { spin_until([&] { return bus.stats().slow >= 2; }); },
                                           {.name = "first", .slow_after = 1ms});
    bus.emit(Tick{}).wait();
    spin_until([&] { return tock.stats().slow == 1 && slow_too.stats().queue_depth == 0; });
    for (const auto& event : bus.history().query<SlowHandler>()) CHECK(event->subscription == "first");
    CHECK(told == 1);
    CHECK(bus.stats().slow >= 3);
}

TEST_CASE("a watched handler may end, be disconnected, or outlive its bus at any moment",
          "[slow_handlers][promise-5]") {
    CAPTURE(random_seed());
    std::mt19937 random(random_seed());
    for (int round = 0; round < 30; ++round) {
        std::optional<EventBus> bus(std::in_place,
                                    BusOptions{.pool = {.threads = 2}, .on_error = [](const HandlerError&) {}});
        std::atomic<int> told{0};
        bus->subscribe<SlowHandler>([&](const SlowHandler&) { ++told; }, direct).detach();
        std::vector<Subscription> subscriptions;
        for (int i = 0; i < 4; ++i) {
            const auto state = std::make_shared<std::atomic<int>>(0);
            const int work = static_cast<int>(random() % 300);
            const auto handle = [state, work](const Tick&) {
                for (int step = 0; step < work; ++step) ++*state;
            };
            subscriptions.push_back(bus->subscribe<Tick>(
                handle, {.delivery = i % 2 == 0 ? Delivery::queued : Delivery::direct, .slow_after = 1ns}));
        }
        const auto order = random() % 3;
        std::future<void> emitting = start([&] {
            for (int i = 0; i < 60; ++i) bus->emit(Tick{i});
        });
        if (order == 0) subscriptions.clear();
        get_soon(std::move(emitting));
        if (order == 1) subscriptions.clear();
        bus.reset();
        subscriptions.clear();
    }
}

TEST_CASE("a bus can be shut down and destroyed inside what tells of a slow handler", "[slow_handlers][promise-9]") {
    auto bus = std::make_unique<EventBus>();
    std::atomic<bool> emitted{false}, told{false};
    std::promise<void> gone;
    const auto destroy = [&](const SlowHandler&) {
        if (told.exchange(true)) return;
        spin_until([&] { return emitted.load(); });
        bus.reset();
        gone.set_value();
    };
    bus->subscribe<SlowHandler>(destroy, direct).detach();
    bus->subscribe<Tick>([&](const Tick&) { spin_until([&] { return told.load(); }); }, {.slow_after = 1ms}).detach();
    bus->emit(Tick{});
    emitted = true;
    get_soon(gone.get_future());
}

TEST_CASE("thresholds that make no sense are refused by name", "[slow_handlers]") {
    EventBus bus;
    for (const Duration threshold : {0ns, -1ns}) {
        CHECK_THROWS_WITH(bus.subscribe<Tick>([](const Tick&) {}, {.slow_after = threshold}).id(),
                          Contains("slow_after"));
        CHECK_THROWS_WITH(EventBus({.watch = {.slow_after = threshold}}), Contains("watch.slow_after"));
    }
    CHECK_THROWS_WITH(bus.inbox<Tick>({.slow_after = 1ms}), Contains("slow_after"));
    SingleThreadedBus single;
    CHECK_THROWS_WITH(single.subscribe<Tick>([](const Tick&) {}, {.slow_after = 1ms}).id(), Contains("slow_after"));
    CHECK_THROWS_WITH(SingleThreadedBus({.watch = {.slow_after = 1ms}}), Contains("watch.slow_after"));
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

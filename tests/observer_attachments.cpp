// Observers that are attached more than once: one subscription, which their handles share.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/observer.hpp>

#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::InvalidArgument;
using hindsight::Record;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

struct Counting {
    void on_event(const Tick&) { ++ticks; }
    void on_event(const Tock&) { ++tocks; }
    void on_event(const Record&) { ++others; }
    std::atomic<int> ticks{0}, tocks{0}, others{0};
};

SubscribeOptions direct() {
    return {.delivery = Delivery::direct};
}

TEST_CASE("an observer is called once an event, however often it is attached", "[observer]") {
    EventBus bus;
    Counting counting;
    const auto a = bus.attach<Tick>(counting, direct());
    const auto b = bus.attach<Tick, Tock>(counting);
    const auto c = bus.attach(counting, direct());
    bus.emit(Tick{});
    bus.emit(Tock{});
    bus.emit(Price{});
    CHECK(counting.ticks == 1);
    CHECK(counting.tocks == 1);
    CHECK(counting.others == 1);
    CHECK(bus.subscription_count() == 1);
    CHECK(a.id() == b.id());
    CHECK(c.stats().delivered == 3);
}

TEST_CASE("two observers of one class are two, and so is one on two buses", "[observer]") {
    EventBus bus, other;
    Counting one, two;
    const auto a = bus.attach<Tick>(one, direct());
    const auto b = bus.attach<Tick>(two, direct());
    const auto c = other.attach<Tick>(one, direct());
    bus.emit(Tick{});
    other.emit(Tick{});
    CHECK(one.ticks == 2);
    CHECK(two.ticks == 1);
    CHECK(bus.subscription_count() == 2);
}

TEST_CASE("a handle takes its types with it, but for those that others have", "[observer][promise-5]") {
    EventBus bus;
    Counting counting;
    auto a = bus.attach<Tick, Tock>(counting, direct());
    auto b = bus.attach<Tick>(counting);
    bus.emit(Tick{});
    bus.emit(Tock{});
    CHECK_FALSE(a.disconnect());
    CHECK_FALSE(a.connected());
    CHECK(b.connected());
    bus.emit(Tick{});
    bus.emit(Tock{});
    CHECK(counting.ticks == 2);
    CHECK(counting.tocks == 1);
    CHECK_FALSE(a.disconnect());
    a.close();
    CHECK(bus.subscription_count() == 1);
    CHECK(b.disconnect());
    CHECK(a.disconnect());
    bus.emit(Tick{});
    CHECK(counting.ticks == 2);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("an observer of all events stays one of its types, and the other way round", "[observer]") {
    EventBus bus;
    Counting counting;
    auto all = bus.attach(counting, direct());
    auto ticks = bus.attach<Tick>(counting);
    bus.emit(Tick{});
    all.close();
    bus.emit(Tick{});
    bus.emit(Price{});
    CHECK(counting.ticks == 2);
    CHECK(counting.others == 0);
    all = bus.attach(counting);
    ticks.close();
    bus.emit(Price{});
    CHECK(counting.others == 1);
}

TEST_CASE("what is in the mailbox when a handle ends is delivered", "[observer][promise-8]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    Counting counting;
    auto tocks = bus.attach<Tock>(counting, {.executor = executor});
    const auto ticks = bus.attach<Tick>(counting);
    bus.emit(Tock{});
    bus.emit(Tick{});
    tocks.disconnect();
    bus.emit(Tock{});
    executor->run_all();
    CHECK(counting.tocks == 1);
    CHECK(counting.ticks == 1);
    CHECK(bus.stats().discarded == 0);
}

TEST_CASE("a handle that is detached keeps its types until the bus ends", "[observer]") {
    EventBus bus;
    Counting counting;
    auto kept = bus.attach<Tick>(counting, direct());
    std::move(kept).detach();
    { const auto also = bus.attach<Tock>(counting); }
    bus.emit(Tick{});
    bus.emit(Tock{});
    CHECK(counting.ticks == 1);
    CHECK(counting.tocks == 0);
}

TEST_CASE("pausing is for all handles of an observer", "[observer]") {
    EventBus bus;
    Counting counting;
    auto ticks = bus.attach<Tick>(counting, direct());
    auto tocks = bus.attach<Tock>(counting);
    tocks.pause();
    bus.emit(Tick{});
    ticks.resume();
    bus.emit(Tock{});
    CHECK(counting.ticks == 0);
    CHECK(counting.tocks == 1);
    CHECK(ticks.stats().skipped == 1);
}

TEST_CASE("options that differ from the first are refused by name", "[observer]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    Counting counting;
    const auto first = bus.attach<Tick>(counting, {.name = "it", .mailbox = {.capacity = 7}, .max_deliveries = 9});
    const auto refused = [&](const char* option, const SubscribeOptions& options) {
        return refuses<InvalidArgument>(option, [&] { const auto handle = bus.attach<Tock>(counting, options); });
    };
    CHECK(refused("`name`", {.name = "that"}));
    CHECK(refused("`delivery`", direct()));
    CHECK(refused("`priority`", {.priority = 1}));
    CHECK(refused("`filter`", {.filter = [](const Record&) { return true; }}));
    CHECK(refused("`mailbox`", {.mailbox = {.capacity = 8}}));
    CHECK(refused("`replay`", {.replay = hindsight::Replay::last(1)}));
    CHECK(refused("`executor`", {.executor = executor}));
    CHECK(refused("`max_deliveries`", {.max_deliveries = 8}));
    CHECK(refused("`on_lagged`", {.on_lagged = [](const hindsight::Lagged&) {}}));
    const auto same = bus.attach<Tock>(counting, {.name = "it", .mailbox = {.capacity = 7}, .max_deliveries = 9});
    CHECK(same.id() == first.id());
    const auto owner = std::shared_ptr<Counting>(&counting, [](Counting*) {});
    CHECK(refuses<InvalidArgument>("already, by reference", [&] { const auto handle = bus.attach<Tock>(owner); }));
    CHECK(bus.subscription_count() == 1);
}

TEST_CASE("an observer that has ended by itself can be attached anew", "[observer]") {
    EventBus bus;
    Counting counting;
    const auto once = bus.attach<Tick>(counting, {.delivery = Delivery::direct, .max_deliveries = 1});
    bus.emit(Tick{});
    CHECK_FALSE(once.connected());
    const auto again = bus.attach<Tick>(counting, direct());
    bus.emit(Tick{});
    CHECK(counting.ticks == 2);
    CHECK(again.id() != once.id());
}

TEST_CASE("handles of observers may outlive the bus", "[observer][promise-13]") {
    Counting counting;
    std::optional<EventBus> bus(std::in_place);
    auto a = bus->attach<Tick>(counting);
    auto b = bus->attach<Tock>(counting);
    bus->emit(Tick{}).wait();
    bus.reset();
    CHECK_FALSE(a.connected());
    CHECK(a.stats().delivered == 1);
    CHECK(a.disconnect());
    CHECK(b.disconnect());
}

TEST_CASE("threads that attach and emit at the same time find one observer, called once an event",
          "[observer][promise-2]") {
    constexpr int rounds = 50;
    constexpr std::size_t threads = 3;
    for (int round = 0; round < rounds; ++round) {
        EventBus bus({.pool = {.threads = 1}});
        Counting counting;
        std::latch all_here(threads);
        std::vector<std::future<Subscription>> attaching;
        std::atomic<int> ticks{0};
        for (std::size_t i = 0; i < threads; ++i) {
            attaching.push_back(start([&] {
                all_here.arrive_and_wait();
                for (int k = 0; k < 5; ++k) {
                    const auto handle = bus.attach<Tock>(counting, direct());
                    bus.emit(Tock{});
                }
                Subscription handle = bus.attach<Tick, Tock>(counting, direct());
                bus.emit(Tick{});
                ++ticks;
                return handle;
            }));
        }
        std::vector<Subscription> handles;
        for (auto& each : attaching) handles.push_back(get_soon(std::move(each)));
        CHECK(counting.ticks == ticks);
        CHECK(counting.tocks == 5 * static_cast<int>(threads));
        CHECK(bus.subscription_count() == 1);
        for (const Subscription& handle : handles) CHECK(handle.id() == handles.front().id());
        handles.clear();
        CHECK(bus.subscription_count() == 0);
    }
}

}  // namespace

// Promise 10 for direct subscriptions: subscribe itself delivers the past, and what comes in meanwhile.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::ErrorPolicy;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Lagged;
using hindsight::Overflow;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

SubscribeOptions directly(Replay replay) {
    return {.delivery = Delivery::direct, .replay = replay};
}

/// A bus with a past of three events, and a direct subscription to it that does something at each.
struct Joined {
    explicit Joined(BusOptions options = {}) : bus(quiet(std::move(options))) {
        for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
    }
    static BusOptions quiet(BusOptions options) {
        if (!options.on_error) options.on_error = [](const HandlerError&) {};
        return options;
    }
    void join(std::function<void(int)> at, SubscribeOptions options = directly(Replay::from_seq(1))) {
        subscription = bus.subscribe<Tick>(
            [this, at](const Tick& tick) {
                seen.push_back(tick.number);
                threads.push_back(std::this_thread::get_id());
                at(tick.number);
            },
            std::move(options));
    }

    std::vector<int> seen;
    std::vector<std::thread::id> threads;
    EventBus bus;
    Subscription subscription;
};

using Numbers = std::vector<int>;

TEST_CASE("the past is delivered before subscribe returns, on its thread", "[joining][promise-10]") {
    Joined joined;
    joined.join([](int) {}, directly(Replay::last(2)));
    CHECK(joined.seen == Numbers{2, 3});
    CHECK(joined.threads == std::vector(2, std::this_thread::get_id()));
    const Receipt receipt = joined.bus.emit(Tick{4});
    CHECK(receipt.queued == 0);
    CHECK(receipt.matched == 1);
    CHECK(joined.seen == Numbers{2, 3, 4});
}

TEST_CASE("what other threads emit meanwhile waits until the past is delivered", "[joining][promise-10][promise-2]") {
    Joined joined;
    Receipt receipt;
    joined.join([&](int number) {
        if (number == 1) receipt = run_elsewhere([&] { return joined.bus.emit(Tick{4}); });
    });
    CHECK(receipt.queued == 1);
    CHECK(receipt.wait_for(0s));
    CHECK(joined.seen == Numbers{1, 2, 3, 4});
    CHECK(joined.threads == std::vector(4, std::this_thread::get_id()));
    run_elsewhere([&] { joined.bus.emit(Tick{5}); });
    CHECK(joined.threads.back() != std::this_thread::get_id());
}

TEST_CASE("what the handler emits at the past comes after it", "[joining][promise-10][promise-4]") {
    Joined joined;
    joined.join([&](int number) {
        if (number == 1) CHECK(joined.bus.emit(Tick{4}).queued == 1);
        if (number == 4) CHECK(joined.bus.emit(Tick{5}).queued == 1);
        if (number == 6) CHECK(joined.bus.emit(Tick{7}).queued == 0);  // as direct as any other
    });
    CHECK(joined.seen == Numbers{1, 2, 3, 4, 5});
    joined.bus.emit(Tick{6});
    CHECK(joined.seen == Numbers{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("priorities hold once a direct subscription has joined", "[joining]") {
    Joined joined;
    std::string order;
    const auto low = joined.bus.subscribe<Tick>([&](const Tick&) { order += "low "; },
                                                {.delivery = Delivery::direct, .priority = -1});
    SubscribeOptions options = directly(Replay::last(1));
    options.priority = 1;
    joined.join([&](int) { order += "joined "; }, options);
    const auto high = joined.bus.subscribe<Tick>([&](const Tick&) { order += "high "; },
                                                 {.delivery = Delivery::direct, .priority = 2});
    order.clear();
    joined.bus.emit(Tick{4});
    CHECK(order == "high joined low ");
}

TEST_CASE("a filter chooses from the past and from what comes in meanwhile", "[joining][promise-10]") {
    Joined joined;
    SubscribeOptions options = directly(Replay::from_seq(1));
    options.filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number % 2 == 1; });
    joined.join(
        [&](int number) {
            if (number > 1) return;
            joined.bus.emit(Tick{4});
            joined.bus.emit(Tick{5});
        },
        options);
    CHECK(joined.seen == Numbers{1, 3, 5});
}

TEST_CASE("an overflow policy drops nothing that comes in while a direct subscription joins", "[joining]") {
    Joined joined;
    SubscribeOptions options = directly(Replay::from_seq(1));
    options.mailbox = {.capacity = 1, .overflow = Overflow::drop_newest};
    joined.join(
        [&](int number) {
            for (int i = 4; number == 1 && i <= 7; ++i) joined.bus.emit(Tick{i});
        },
        options);
    CHECK(joined.seen == Numbers{1, 2, 3, 4, 5, 6, 7});
    CHECK(joined.subscription.stats().dropped == 0);
}

TEST_CASE("what is beyond the hard limit meanwhile is counted and told", "[joining][promise-7][promise-8]") {
    Joined joined;
    std::vector<Lagged> holes;
    SubscribeOptions options = directly(Replay::from_seq(1));
    options.mailbox = {.capacity = 1, .hard_limit = 2};
    options.on_lagged = [&](const Lagged& hole) { holes.push_back(hole); };
    joined.join(
        [&](int number) {
            for (int i = 4; number == 1 && i <= 7; ++i) joined.bus.emit(Tick{i});
        },
        options);
    CHECK(joined.seen == Numbers{1, 2, 3, 4, 5});
    REQUIRE(holes.size() == 1);
    CHECK(holes[0].first == 6);
    CHECK(holes[0].missed == 2);
    CHECK(joined.subscription.stats().dropped == 2);
    joined.bus.emit(Tick{8});
    CHECK(joined.seen.back() == 8);
}

TEST_CASE("what history has let go of is told before the first event", "[joining][promise-8]") {
    EventBus bus({.history = {.capacity = 1}});
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
    std::string log;
    SubscribeOptions options = directly(Replay::from_seq(2));
    options.on_lagged = [&](const Lagged& hole) {
        log += "[" + std::to_string(hole.first) + "-" + std::to_string(hole.last) + "] ";
    };
    const auto joined = bus.subscribe<Tick>([&](const Tick& tick) { log += std::to_string(tick.number); }, options);
    CHECK(log == "[2-2] 3");
}

TEST_CASE("emitters that find no room wait until the past is delivered", "[joining][promise-7][promise-10]") {
    Joined joined;
    SubscribeOptions options = directly(Replay::from_seq(1));
    options.mailbox.capacity = 2;
    std::atomic<int> emitted{0};
    std::future<void> emitter;
    joined.join(
        [&](int number) {
            if (number != 1) return;
            emitter = start([&] {
                for (int i = 4; i <= 9; ++i) {
                    joined.bus.emit(Tick{i});
                    ++emitted;
                }
            });
            spin_until([&] { return emitted == 2; });
            let_others_run();
            CHECK(emitted == 2);
        },
        options);
    get_soon(std::move(emitter));
    CHECK(joined.seen == Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("subscribe catches up with emitters that never pause", "[joining][promise-9][promise-10]") {
    EventBus bus;
    constexpr int most = 3'000;
    bus.emit(Tick{});
    std::atomic<bool> joined{false};
    auto emitter = start([&] {
        for (int i = 0; i < most && !joined; ++i) bus.emit(Tick{});
    });
    // Slower than who emits: it returns when the next event waits, unless none comes.
    Seq last = 0;
    int count = 0;
    bool in_order = true;
    const auto handle = [&, me = std::this_thread::get_id()](const Record& record) {
        if (std::this_thread::get_id() != me) return;
        in_order = in_order && record.seq() > last;
        last = record.seq();
        ++count;
        for (int i = 0; i < 5'000 && bus.stats().queue_depth < 2; ++i) std::this_thread::yield();
    };
    SubscribeOptions options = directly(Replay::last(1));
    options.mailbox.capacity = 8;
    const auto subscription = bus.subscribe("*", handle, options);
    joined = true;
    get_soon(std::move(emitter));
    CHECK(in_order);
    CHECK(count < 500);
}

// Ends

TEST_CASE("a direct handler that throws at the past is isolated, whatever the bus's policy", "[joining][promise-3]") {
    Joined joined({.errors = GENERATE(ErrorPolicy::isolate, ErrorPolicy::rethrow)});
    CHECK_NOTHROW(joined.join([](int number) {
        if (number == 2) throw std::runtime_error("no");
    }));
    CHECK(joined.seen == Numbers{1, 2, 3});
    CHECK(joined.subscription.stats().failed == 1);
}

TEST_CASE("a direct subscription may have had all its deliveries when subscribe returns", "[joining]") {
    Joined joined;
    SubscribeOptions options = directly(Replay::from_seq(1));
    options.max_deliveries = 2;
    joined.join([&](int) { joined.bus.emit(Tick{9}); }, options);
    CHECK(joined.seen == Numbers{1, 2});
    CHECK_FALSE(joined.subscription.connected());
    CHECK(joined.bus.subscription_count() == 0);
    CHECK(joined.subscription.stats().discarded == 3);
}

TEST_CASE("a direct handler can end itself in its past", "[joining][promise-5]") {
    Joined joined;
    const auto state = std::make_shared<int>(0);
    joined.subscription = joined.bus.subscribe<Tick>(
        [&joined, state](const Tick& tick) {
            joined.seen.push_back(tick.number);
            joined.bus.emit(Tick{9});
            if (tick.number == 2) hindsight::this_handler::disconnect();
        },
        directly(Replay::from_seq(1)));
    CHECK(joined.seen == Numbers{1, 2});
    CHECK_FALSE(joined.subscription.connected());
    CHECK(state.use_count() == 1);
    CHECK(joined.subscription.disconnect());
    joined.bus.emit(Tick{4});
    CHECK(joined.seen == Numbers{1, 2});
}

TEST_CASE("handlers of the past may join, too", "[joining][promise-4][promise-10]") {
    Joined joined;
    std::vector<int> inner_seen;
    Subscription inner;
    joined.join([&](int number) {
        if (number != 2) return;
        inner = joined.bus.subscribe<Tick>(
            [&](const Tick& tick) {
                inner_seen.push_back(tick.number);
                if (tick.number == 1) joined.bus.emit(Tick{4});
            },
            directly(Replay::from_seq(1)));
        CHECK(inner_seen == Numbers{1, 2, 3, 4});
    });
    CHECK(joined.seen == Numbers{1, 2, 3, 4});
    joined.bus.emit(Tick{5});
    CHECK(joined.seen.back() == 5);
    CHECK(inner_seen.back() == 5);
}

TEST_CASE("a shutdown on another thread waits for the past of a direct subscription", "[joining][promise-8]") {
    Joined joined;
    std::future<hindsight::ShutdownReport> shutdown;
    joined.join([&](int number) {
        if (number != 1) return;
        joined.bus.emit(Tick{4});
        shutdown = start([&] { return joined.bus.shutdown(patience); });
        run_elsewhere([&] { spin_until([&] { return !joined.bus.emit(Tock{}); }); });
    });
    CHECK(get_soon(std::move(shutdown)).drained);
    CHECK(joined.seen == Numbers{1, 2, 3, 4});
}

TEST_CASE("a shutdown in the past of a direct subscription reports the rest", "[joining][promise-8][promise-9]") {
    Joined joined;
    joined.join([&](int number) {
        if (number != 2) return;
        joined.bus.emit(Tick{4});
        const auto report = joined.bus.shutdown(0s);
        CHECK(report.undelivered == 2);
    });
    CHECK(joined.seen == Numbers{1, 2});
    CHECK(joined.subscription.stats().discarded == 2);
    CHECK_FALSE(joined.subscription.connected());
}

TEST_CASE("a bus can be destroyed in the past of a direct subscription", "[joining][promise-5]") {
    auto bus = std::make_unique<EventBus>(BusOptions{.on_error = [](const HandlerError&) {}, .drain_on_destroy = 0s});
    for (int i = 1; i <= 3; ++i) bus->emit(Tick{i});
    const auto state = std::make_shared<int>(0);
    const auto subscription = bus->subscribe<Tick>(
        [&bus, state](const Tick&) {
            ++*state;
            bus.reset();
        },
        directly(Replay::from_seq(1)));
    CHECK(*state == 1);
    CHECK(state.use_count() == 1);
    CHECK_FALSE(subscription.connected());
}

TEST_CASE("whoever emits meanwhile can wait for the handler", "[joining][promise-9]") {
    Joined joined;
    std::atomic<bool> waits{false};
    std::future<bool> waiter;
    joined.join([&](int number) {
        if (number != 1) return;
        waiter = start([&] {
            const Receipt receipt = joined.bus.emit(Tick{4});
            const bool before = receipt.wait_for(0s);
            waits = true;
            receipt.wait();
            return before;
        });
        spin_until([&] { return waits.load(); });
    });
    CHECK_FALSE(get_soon(std::move(waiter)));
}

TEST_CASE("a direct subscription with a capacity of 0 for what comes in is refused", "[joining]") {
    EventBus bus;
    SubscribeOptions options = directly(Replay::last(1));
    options.mailbox.capacity = 0;
    CHECK_THROWS_AS(bus.subscribe<Tick>([](const Tick&) {}, options), hindsight::InvalidArgument);
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

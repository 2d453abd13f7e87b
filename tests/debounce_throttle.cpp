// What a subscription holds back: with a clock that is moved by hand, but for the tests of threads.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/random.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// A bus whose time the test moves. Unless the options say otherwise, handlers run when it does.
struct Bus {
    explicit Bus(BusOptions options = {.pool = {.threads = 0}}) : bus(with_clock(std::move(options), clock)) {}

    static BusOptions with_clock(BusOptions options, std::shared_ptr<Clock> clock) {
        options.clock = std::move(clock);
        return options;
    }

    Subscription subscribe(SubscribeOptions options) {
        return bus.subscribe<Tick>([this](const Tick& tick) { handled.push_back(tick.number); }, std::move(options));
    }
    Receipt emit(int number) { return bus.emit(Tick{number}); }
    /// Lets time pass, and what is due then be handled.
    std::vector<int> after(Duration time) {
        clock->advance(time);
        bus.run_pending();
        return std::exchange(handled, {});
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(TimePoint{100s});
    std::vector<int> handled;
    EventBus bus;
};

using Handled = std::vector<int>;

/// Of one event or of a batch: whether somebody is still to handle it.
template <class R>
bool pending(const R& receipt) {
    try {
        return !receipt.wait_for(0s);
    } catch (const WouldDeadlock&) {
        return true;  // this thread is
    }
}

bool adds_up(const SubscriptionStatistics& stats, std::uint64_t emitted) {
    return emitted == stats.filtered + stats.skipped + stats.delivered + stats.dropped + stats.conflated +
                          stats.discarded + stats.queue_depth;
}

TEST_CASE("debounce: the last event comes after a quiet period", "[debounce]") {
    Bus test;
    const auto subscription = test.subscribe({.debounce = 10s});
    const Receipt first = test.emit(1);
    CHECK(first.queued == 1);
    CHECK(pending(first));
    CHECK(test.after(9s).empty());
    const Receipt second = test.emit(2);
    CHECK_FALSE(pending(first));
    CHECK(pending(second));
    CHECK(subscription.stats().conflated == 1);
    CHECK(subscription.stats().queue_depth == 1);
    CHECK(test.after(10s - 1ns).empty());
    CHECK(test.after(1ns) == Handled{2});
    CHECK_FALSE(pending(second));
    CHECK(test.after(1h).empty());
    test.emit(3);
    CHECK(test.after(10s) == Handled{3});
    CHECK(subscription.stats().delivered == 2);
    CHECK(adds_up(subscription.stats(), 3));
}

TEST_CASE("throttle: the first event comes at once, then the newest of each period", "[throttle]") {
    Bus test;
    const auto subscription = test.subscribe({.throttle = 10s});
    test.emit(1);
    const Receipt second = test.emit(2);
    CHECK(second.queued == 1);
    CHECK(test.after(0s) == Handled{1});
    CHECK(test.after(5s).empty());
    test.emit(3);
    CHECK_FALSE(pending(second));
    CHECK(test.after(5s - 1ns).empty());
    CHECK(test.after(1ns) == Handled{3});
    test.emit(4);
    CHECK(test.after(10s - 1ns).empty());
    CHECK(test.after(1ns) == Handled{4});
    CHECK(test.after(10s).empty());
    test.emit(5);
    CHECK(test.after(0s) == Handled{5});
    CHECK(subscription.stats().conflated == 1);
    CHECK(adds_up(subscription.stats(), 5));
}

TEST_CASE("an event that comes when another is due does not replace it", "[debounce][throttle]") {
    Bus test;
    const bool debounces = GENERATE(true, false);
    const auto subscription =
        test.subscribe(debounces ? SubscribeOptions{.debounce = 10s} : SubscribeOptions{.throttle = 10s});
    test.emit(1);
    test.emit(2);
    test.clock->advance(10s);  // nobody has looked since
    test.emit(3);
    CHECK(test.after(0s) == (debounces ? Handled{2} : Handled{1, 2}));
    CHECK(test.after(10s) == Handled{3});
}

TEST_CASE("each subscription holds back for itself, and only what it is for", "[debounce]") {
    Bus test;
    const auto even = [](const Tick& tick) { return tick.number % 2 == 0; };
    const auto debounced = test.subscribe({.filter = where<Tick>(even), .debounce = 10s});
    std::vector<std::string> names;
    const auto any = test.bus.subscribe("test.*", [&](const Record& record) { names.emplace_back(record.name()); },
                                        {.debounce = 3s});
    test.emit(2);
    test.after(9s);
    names.clear();
    test.emit(3);  // is none of its
    test.bus.emit(Tock{1});
    CHECK(test.after(1s) == Handled{2});
    CHECK(names.empty());
    CHECK(test.after(2s).empty());
    CHECK(names == std::vector<std::string>{"test.tock"});  // one wait for all names
    CHECK(debounced.stats().filtered == 1);
}

TEST_CASE("bad options of debounce and throttle are refused by name", "[debounce][throttle][errors]") {
    Bus test;
    const auto refused = [&](const char* why, SubscribeOptions options) {
        return refuses<InvalidArgument>(why, [&] { (void)test.subscribe(std::move(options)); });
    };
    CHECK(refused("debounce is negative: -1 ns", {.debounce = -1ns}));
    CHECK(refused("throttle is negative", {.debounce = 1s, .throttle = -1s}));
    CHECK(refused("debounce and throttle are both given", {.debounce = 1s, .throttle = 1s}));
    CHECK(refused("debounce needs queued delivery", {.delivery = Delivery::direct, .debounce = 1s}));
    CHECK(refused("throttle needs queued delivery", {.delivery = Delivery::direct, .throttle = 1s}));
    CHECK(test.bus.stats().subscriptions.empty());

    struct Observer {
        void on_event(const Tick&) {}
    } observer;
    const auto first = test.bus.attach<Tick>(observer, {.throttle = 1s});
    CHECK(refuses<InvalidArgument>("`throttle`", [&] { (void)test.bus.attach<Tick>(observer, {.throttle = 1s}); }));
}

TEST_CASE("what is held back for ever is a matter of the longest duration", "[debounce]") {
    Bus test;
    const auto subscription = test.subscribe({.debounce = Duration::max()});
    test.emit(1);
    CHECK(test.after(24h * 365 * 100).empty());
    CHECK(test.bus.shutdown(10s).drained);
    CHECK(test.handled == Handled{1});
}

TEST_CASE("a clock that is set back, or to the end of time, loses nothing", "[debounce][throttle]") {
    Bus test;
    SECTION("a throttle counts from then on") {
        const auto subscription = test.subscribe({.throttle = 10s});
        test.emit(1);
        test.bus.run_pending();
        test.clock->set(TimePoint{50s});
        test.emit(2);
        CHECK(test.after(9s) == Handled{1});
        test.emit(3);
        test.clock->advance(1s);
        test.emit(4);  // lets in what is due
        test.bus.run_pending();
        CHECK(test.handled == Handled{3});
    }
    SECTION("at its end all is due") {
        const auto debounced = test.subscribe({.debounce = 10s});
        const auto throttled = test.subscribe({.throttle = 10s});
        test.clock->set(TimePoint::max());
        const BatchReceipt batch = test.bus.emit_many(std::vector<Tick>(100, Tick{1}));
        CHECK(batch.queued == 200);
        CHECK(test.after(0s) == Handled{1, 1, 1});
        CHECK(test.bus.shutdown(1s).drained);
        CHECK(adds_up(debounced.stats(), 100));
        CHECK(adds_up(throttled.stats(), 100));
        CHECK_FALSE(pending(batch));
    }
}

TEST_CASE("an end discards what is held back, a pause does not", "[debounce][throttle]") {
    Bus test;
    auto subscription = test.subscribe({.debounce = 10s});
    test.emit(1);
    subscription.pause();
    test.emit(2);
    CHECK(test.after(10s) == Handled{1});
    subscription.resume();
    const Receipt last = test.emit(3);
    subscription.disconnect();
    CHECK_FALSE(pending(last));
    CHECK(test.after(1h).empty());
    CHECK(subscription.stats().discarded == 1);
    CHECK(subscription.stats().skipped == 1);
    CHECK(adds_up(subscription.stats(), 3));
    const Statistics all = test.bus.stats();
    CHECK(all.matched == all.delivered + all.discarded);
}

TEST_CASE("max_deliveries counts calls, not what was replaced", "[throttle]") {
    Bus test;
    const auto subscription = test.subscribe({.max_deliveries = 2, .throttle = 1s});
    for (int i = 1; i <= 5; ++i) test.emit(i);
    CHECK(test.after(1s) == Handled{1, 5});
    CHECK_FALSE(subscription.connected());
}

TEST_CASE("a shutdown delivers what is held back at once, or reports it", "[debounce][throttle][shutdown]") {
    const auto executor = std::make_shared<ManualExecutor>();
    Bus test;
    const auto debounced = test.subscribe({.debounce = 10s});
    const auto throttled = test.subscribe({.throttle = 10s});
    test.emit(1);
    test.emit(2);
    SECTION("delivers") {
        CHECK(test.bus.shutdown(10s).drained);
        std::sort(test.handled.begin(), test.handled.end());
        CHECK(test.handled == Handled{1, 2, 2});
        CHECK(adds_up(debounced.stats(), 2));
        CHECK(adds_up(throttled.stats(), 2));
    }
    SECTION("delivers what handlers emit meanwhile") {
        const auto chained = test.bus.subscribe<Tick>(
            [&](const Tick& tick) {
                if (tick.number < 5) test.emit(tick.number + 1);
            },
            {.debounce = 1s});
        test.emit(3);
        CHECK(test.bus.shutdown(10s).drained);
        CHECK(chained.stats().delivered == 3);
        CHECK(adds_up(debounced.stats(), 5));
    }
    SECTION("reports") {
        const auto stuck = test.subscribe({.executor = executor, .debounce = 10s});
        const Receipt receipt = test.emit(3);
        const ShutdownReport report = test.bus.shutdown(0s);
        CHECK_FALSE(report.drained);
        CHECK(report.undelivered >= 1);
        CHECK_FALSE(pending(receipt));
        CHECK(stuck.stats().discarded == 1);
    }
}

TEST_CASE("what comes in is up to the mailbox, what is held back needs no room", "[throttle][overflow]") {
    Bus test;
    const auto executor = std::make_shared<ManualExecutor>();
    SECTION("drop_newest") {
        const auto subscription = test.subscribe(
            {.mailbox = {.capacity = 1, .overflow = Overflow::drop_newest}, .executor = executor, .throttle = 1s});
        test.emit(1);
        const Receipt second = test.emit(2);
        test.clock->advance(1s);
        test.bus.run_pending();
        CHECK_FALSE(pending(second));
        CHECK(subscription.stats().dropped == 1);
        executor->run_all();
        CHECK(test.handled == Handled{1});
        CHECK(adds_up(subscription.stats(), 2));
    }
    SECTION("block") {
        const auto subscription =
            test.subscribe({.mailbox = {.capacity = 1, .hard_limit = 1}, .executor = executor, .throttle = 1s});
        test.emit(1);
        CHECK(run_elsewhere([&] { return test.emit(2); }).queued == 1);  // does not wait for room
        CHECK(test.bus.emit_many(std::vector<Tick>{{3}, {4}}).queued == 2);
        executor->run_all();
        test.clock->advance(1s);
        test.bus.run_pending();
        executor->run_all();
        CHECK(test.handled == Handled{1, 4});
        CHECK(adds_up(subscription.stats(), 4));
    }
    SECTION("conflate") {
        const auto subscription = test.subscribe(
            {.mailbox = {.capacity = 1, .overflow = Overflow::conflate}, .executor = executor, .throttle = 1s});
        for (int i = 1; i <= 3; ++i) test.emit(i);
        test.clock->advance(1s);
        test.bus.run_pending();
        executor->run_all();
        CHECK(test.handled == Handled{3});
        CHECK(subscription.stats().conflated == 2);
        CHECK(adds_up(subscription.stats(), 3));
    }
}

TEST_CASE("of a batch one event is held back", "[debounce][throttle][batch]") {
    Bus test;
    const auto debounced = test.subscribe({.debounce = 1s});
    const auto throttled = test.subscribe({.throttle = 2s});
    const BatchReceipt receipt = test.bus.emit_many(std::vector<Tick>{{1}, {2}, {3}});
    CHECK(receipt.queued == 6);
    CHECK(test.after(0s) == Handled{1});
    CHECK(test.after(1s) == Handled{3});
    CHECK(pending(receipt));
    CHECK(test.after(1s) == Handled{3});
    CHECK_FALSE(pending(receipt));
    CHECK(adds_up(debounced.stats(), 3));
    CHECK(adds_up(throttled.stats(), 3));
}

TEST_CASE("the past is not held back, what comes is", "[debounce][joining]") {
    Bus test;
    for (int i = 1; i <= 3; ++i) test.emit(i);
    const auto subscription = test.subscribe({.replay = Replay::last(2), .debounce = 1s});
    test.emit(4);
    test.emit(5);
    CHECK(test.after(0s) == Handled{2, 3});
    CHECK(test.after(1s) == Handled{5});
}

TEST_CASE("waiting on the thread that would have to handle what is held back throws", "[debounce][promise-9]") {
    Bus test;
    const auto subscription = test.subscribe({.debounce = 1s});
    const Receipt receipt = test.emit(1);
    CHECK(refuses<WouldDeadlock>("run_pending", [&] { receipt.wait(); }));
}

TEST_CASE("what is held back leaves with its type", "[debounce][retire]") {
    Bus test;
    const auto subscription = test.subscribe({.debounce = 1s});
    const Receipt receipt = test.emit(1);
    test.bus.retire<Tick>();
    CHECK_FALSE(pending(receipt));
    CHECK(subscription.stats().discarded == 1);
    CHECK(test.after(1s).empty());
    test.emit(2);
    CHECK(test.after(1s) == Handled{2});
}

TEST_CASE("an executor that fails when an event comes in loses none uncounted", "[throttle][errors]") {
    int errors = 0;
    Bus test({.pool = {.threads = 0}, .on_error = [&](const HandlerError&) { ++errors; }});
    const auto subscription = test.subscribe({.executor = std::make_shared<ThrowingExecutor>(), .debounce = 1s});
    const Receipt receipt = test.emit(1);
    CHECK(test.after(1s).empty());
    CHECK(errors == 1);
    CHECK_FALSE(pending(receipt));
    CHECK(subscription.stats().discarded == 1);
}

TEST_CASE("an inbox is given what was held back, and keeps it at the end", "[throttle][inbox]") {
    Bus test;
    auto inbox = test.bus.inbox<Tick>({.throttle = 1s});
    for (int i = 1; i <= 3; ++i) test.emit(i);
    CHECK((*inbox.try_next())->number == 1);
    CHECK_FALSE(inbox.try_next());
    test.after(1s);
    CHECK((*inbox.try_next())->number == 3);
    test.emit(4);
    test.bus.shutdown(0s);
    CHECK((*inbox.try_next())->number == 4);
}

TEST_CASE("what comes in depends on nothing but the times of the events", "[debounce][throttle]") {
    Random random(GENERATE(1u, 2u, 3u));
    INFO("seed " << random_seed());
    Bus test({.executor = std::make_shared<InlineExecutor>()});  // due events come while the clock is moved
    constexpr int period = 7;
    std::vector<int> debounced, throttled;
    const auto debouncing = test.bus.subscribe<Tick>([&](const Tick& tick) { debounced.push_back(tick.number); },
                                                     {.debounce = Duration(period)});
    const auto throttling = test.bus.subscribe<Tick>([&](const Tick& tick) { throttled.push_back(tick.number); },
                                                     {.throttle = Duration(period)});
    const int rarity = 1 + random.below(8);
    std::vector<int> times;  // of each event
    for (int now = 0; now < 1000; ++now) {
        while (random.one_in(rarity + 1)) {
            test.emit(static_cast<int>(times.size()));
            times.push_back(now);
        }
        test.clock->advance(1ns);
    }
    test.clock->advance(Duration(period));

    std::vector<int> quiet_after, at_most_one;
    int next = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const int number = static_cast<int>(i);
        const int follows = i + 1 < times.size() ? times[i + 1] : std::numeric_limits<int>::max();
        if (follows - times[i] >= period) quiet_after.push_back(number);
        // Given when it comes, or at the end of the period that it is the last one of.
        if (times[i] >= next) {
            at_most_one.push_back(number);
            next = times[i] + period;
        } else if (follows >= next) {
            at_most_one.push_back(number);
            next += period;
        }
    }
    CHECK(debounced == quiet_after);
    CHECK(throttled == at_most_one);
    CHECK(adds_up(debouncing.stats(), times.size()));
    CHECK(adds_up(throttling.stats(), times.size()));
}

TEST_CASE("a bus without a clock of its own holds back in real time, on its pool", "[debounce][throttle][threads]") {
    EventBus bus{{.pool = {.threads = 1}}};
    std::atomic<int> last{0};
    const auto debounced =
        bus.subscribe<Tick>([&](const Tick& tick) { last = tick.number; }, {.debounce = std::chrono::milliseconds(2)});
    const auto throttled = bus.subscribe<Tick>([](const Tick&) {}, {.throttle = std::chrono::milliseconds(1)});
    Receipt receipt;
    for (int i = 1; i <= 100; ++i) receipt = bus.emit(Tick{i});
    receipt.wait();
    CHECK(last == 100);
    CHECK(adds_up(debounced.stats(), 100));
    CHECK(throttled.stats().delivered >= 2);
    CHECK(adds_up(throttled.stats(), 100));
}

TEST_CASE("threads that emit, end and shut down lose nothing that is held back",
          "[debounce][throttle][threads][promise-8]") {
    const bool own_clock = GENERATE(true, false);
    const auto clock = std::make_shared<ManualClock>();
    for (int round = 0; round < 10; ++round) {
        EventBus bus{{.pool = {.threads = 2}, .clock = own_clock ? clock : nullptr}};
        std::vector<Subscription> subscriptions;
        for (const Duration period : {Duration(0), Duration(1), Duration(20us), Duration(500us)}) {
            subscriptions.push_back(bus.subscribe<Tick>([](const Tick&) {}, {.debounce = period}));
            subscriptions.push_back(bus.subscribe<Tick>([](const Tick&) {}, {.throttle = period}));
        }
        std::vector<Receipt> receipts(4 * 200);
        std::vector<std::thread> threads;
        std::atomic<int> running{4};
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                Random random(static_cast<unsigned>(round * 8 + thread));
                for (int i = 0; i < 200; ++i) {
                    receipts[static_cast<std::size_t>(thread * 200 + i)] = bus.emit(Tick{i});
                    if (random.one_in(4)) clock->advance(Duration(random.below(20'000)));
                }
                --running;
            });
        }
        subscriptions[5].disconnect();
        spin_until([&] { return running == 0; });
        CHECK(bus.shutdown(patience).drained);
        for (std::thread& each : threads) each.join();
        for (const Receipt& each : receipts) CHECK_FALSE(pending(each));
        for (std::size_t i = 0; i < subscriptions.size(); ++i) {
            if (i != 5) CHECK(adds_up(subscriptions[i].stats(), receipts.size()));
            CHECK(subscriptions[i].stats().queue_depth == 0);
        }
    }
}

}  // namespace

// What full mailboxes do, other than blocking, and how subscribers hear of it.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using hindsight::Duration;
using hindsight::EventBus;
using hindsight::InvalidArgument;
using hindsight::Lagged;
using hindsight::MailboxOptions;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// A bus with one queued subscription that writes down what it is told: "3" for the event with seq 3, "[4-6:2]" for a
/// hole in which two were missed.
struct Listener {
    explicit Listener(const MailboxOptions& mailbox) {
        subscription =
            bus.subscribe("*", [this](const Record& record) { add(std::to_string(record.seq())); },
                          {.mailbox = mailbox, .executor = executor, .on_lagged = [this](const Lagged& hole) {
                               add("[" + std::to_string(hole.first) + "-" + std::to_string(hole.last) + ":" +
                                   std::to_string(hole.missed) + "]");
                           }});
    }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }
    void emit(int count) {
        for (int i = 0; i < count; ++i) bus.emit(Tick{});
    }
    /// What it is told when it comes to its turn.
    std::string hear() {
        executor->run_all();
        return std::exchange(log, {});
    }
    /// Whether every matched event is accounted for.
    bool adds_up() const {
        const auto of_bus = bus.stats();
        const auto own = subscription.stats();
        return of_bus.matched ==
                   of_bus.delivered + of_bus.dropped + of_bus.conflated + of_bus.discarded + of_bus.queue_depth &&
               own.delivered == of_bus.delivered && own.dropped == of_bus.dropped &&
               own.conflated == of_bus.conflated && own.discarded == of_bus.discarded;
    }

    std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    std::string log;
    EventBus bus;
    Subscription subscription;
};

TEST_CASE("drop_newest refuses what finds no room and announces the hole after what waited", "[overflow][promise-8]") {
    Listener listener({.capacity = 3, .overflow = Overflow::drop_newest});
    listener.emit(3);
    const auto refused = listener.bus.emit(Tick{});
    CHECK(refused);
    CHECK(refused.matched == 1);
    CHECK(refused.queued == 0);
    CHECK(refused.dropped == 1);
    CHECK(refused.wait_for(patience));
    listener.emit(1);
    CHECK(listener.subscription.stats().queue_depth == 3);
    CHECK(listener.subscription.stats().dropped == 2);
    CHECK(listener.adds_up());
    CHECK(listener.hear() == "1 2 3 [4-5:2]");
    listener.emit(1);
    CHECK(listener.hear() == "6");
    CHECK(listener.adds_up());
}

TEST_CASE("drop_oldest makes room for the newest and announces the hole before what is left", "[overflow][promise-8]") {
    Listener listener({.capacity = 3, .overflow = Overflow::drop_oldest});
    const auto first = listener.bus.emit(Tick{});
    CHECK(first.queued == 1);
    CHECK_FALSE(first.wait_for(Duration::zero()));
    listener.emit(2);
    const auto fourth = listener.bus.emit(Tick{});
    CHECK(fourth.queued == 1);
    CHECK(fourth.dropped == 0);
    CHECK(first.wait_for(patience));
    listener.emit(1);
    CHECK(listener.subscription.stats().queue_depth == 3);
    CHECK(listener.subscription.stats().dropped == 2);
    CHECK(listener.hear() == "[1-2:2] 3 4 5");
    CHECK(listener.adds_up());
}

TEST_CASE("a mailbox for one event keeps just the newest with drop_oldest", "[overflow]") {
    Listener listener({.capacity = 1, .overflow = Overflow::drop_oldest});
    listener.emit(5);
    CHECK(listener.hear() == "[1-4:4] 5");
    listener.emit(2);
    CHECK(listener.hear() == "[6-6:1] 7");
}

TEST_CASE("holes lie between the events around them, and adjacent ones are one", "[overflow]") {
    Listener listener({.capacity = 2, .overflow = Overflow::drop_newest});
    // The handler makes new events while older ones wait.
    const auto feeder = listener.bus.subscribe<Tick>(
        [&](const Tick& tick) {
            if (tick.number == 1) listener.emit(3);
        },
        {.mailbox = {.capacity = 100}, .executor = listener.executor});
    listener.bus.emit(Tick{0});
    listener.bus.emit(Tick{0});
    listener.bus.emit(Tick{1});  // dropped
    CHECK(listener.hear() == "1 2 [3-3:1] 4 5 [6-6:1]");
    CHECK(listener.adds_up() == false);  // the feeder's deliveries are not its own
}

TEST_CASE("a hole tells the range of seqs and how many of the subscriber's own events are missed", "[overflow]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    std::vector<Lagged> holes;
    const auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest},
                                                 .executor = executor,
                                                 .on_lagged = [&](const Lagged& hole) { holes.push_back(hole); }});
    bus.emit(Tick{});  // 1
    bus.emit(Tock{});
    bus.emit(Tick{});  // 3
    bus.emit(Tock{});
    bus.emit(Tick{});  // 5
    executor->run_all();
    REQUIRE(holes.size() == 1);
    CHECK(holes[0].first == 1);
    CHECK(holes[0].last == 3);
    CHECK(holes[0].missed == 2);
}

TEST_CASE("without on_lagged drops are still counted", "[overflow][promise-8]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    Subscription subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_newest}, .executor = executor});
    for (int i = 0; i < 4; ++i) bus.emit(Tick{});
    executor->run_all();
    CHECK(subscription.stats().dropped == 3);
    subscription.disconnect();
    CHECK(subscription.stats().dropped == 3);
    CHECK(bus.stats().dropped == 3);
    CHECK(bus.stats().matched == 4);
    CHECK(bus.stats().delivered == 1);
}

TEST_CASE("on_lagged may throw: that is counted, and the event after the hole is delivered", "[overflow]") {
    int errors = 0;
    EventBus bus({.on_error = [&](const hindsight::HandlerError&) { ++errors; }});
    const auto executor = std::make_shared<ManualExecutor>();
    int calls = 0;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) { ++calls; }, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest},
                                        .executor = executor,
                                        .on_lagged = [](const Lagged&) { throw std::runtime_error("lagged"); }});
    bus.emit(Tick{});
    bus.emit(Tick{});
    executor->run_all();
    CHECK(calls == 1);
    CHECK(errors == 1);
    CHECK(subscription.stats().failed == 1);
    CHECK(subscription.stats().delivered == 1);
}

TEST_CASE("on_lagged may end the subscription: the event after the hole is then discarded", "[overflow]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    int calls = 0;
    Subscription subscription;
    subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; },
                                       {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest},
                                        .executor = executor,
                                        .on_lagged = [&](const Lagged&) { subscription.disconnect(); }});
    bus.emit(Tick{});
    const auto last = bus.emit(Tick{});
    executor->run_all();
    CHECK(last.wait_for(patience));
    CHECK(calls == 0);
    CHECK(subscription.stats().discarded == 1);
    CHECK(subscription.stats().dropped == 1);
}

TEST_CASE("mailboxes without room for anything, and other nonsense, are refused by name", "[overflow]") {
    EventBus bus;
    const auto subscribe = [&](const MailboxOptions& mailbox) {
        const Subscription made = bus.subscribe<Tick>([](const Tick&) {}, {.mailbox = mailbox});
    };
    for (const Overflow overflow :
         {Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::conflate}) {
        CHECK(refuses<InvalidArgument>("capacity", [&] { subscribe({.capacity = 0, .overflow = overflow}); }));
    }
    CHECK(refuses<InvalidArgument>("block_for", [&] { subscribe({.block_for = Duration(-1)}); }));
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

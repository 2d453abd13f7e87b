// CallbackManager alone: callbacks without a history, threads or a bus.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"

#include <hindsight/callback_manager.hpp>

#include <chrono>
#include <memory>
#include <vector>

using hindsight::CallbackManager;
using hindsight::CallbackOptions;
using hindsight::Delivery;
using hindsight::HandlerError;
using hindsight::ManualClock;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("a callback manager calls handlers and keeps nothing", "[callback_manager]") {
    CallbackManager callbacks;
    int direct = 0, pattern = 0;
    const auto a = callbacks.subscribe<Tick>([&](const Tick&) { ++direct; }, {.delivery = Delivery::direct});
    const auto b = callbacks.subscribe("test.*", [&](const Record&) { ++pattern; }, {.delivery = Delivery::direct});
    const auto receipt = callbacks.emit(Tick{});
    CHECK(receipt);
    CHECK(receipt.seq == 1);
    CHECK(receipt.outcome == Outcome::not_kept);
    CHECK(receipt.matched == 2);
    CHECK(callbacks.emit(NamedEvent{"test.other"}).seq == 2);
    CHECK(callbacks.emit(Tock{}).seq == 3);
    CHECK(direct == 1);
    CHECK(pattern == 3);
    CHECK(callbacks.stats().emitted == 3);
    CHECK(callbacks.subscription_count() == 2);
    CHECK(callbacks.subscription_count("test.*") == 1);
}

TEST_CASE("without an executor queued handlers run in run_pending", "[callback_manager]") {
    CallbackManager callbacks;
    std::vector<int> seen;
    const auto subscription = callbacks.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); });
    callbacks.emit(Tick{1});
    callbacks.emit(Tick{2});
    CHECK(seen.empty());
    CHECK(callbacks.run_pending(1) == 1);
    CHECK(callbacks.run_pending() == 1);
    CHECK(seen == std::vector{1, 2});
}

TEST_CASE("a callback manager's executor runs its queued handlers", "[callback_manager]") {
    const auto executor = std::make_shared<ManualExecutor>();
    CallbackManager callbacks(CallbackOptions{.executor = executor});
    int calls = 0;
    const auto subscription = callbacks.subscribe<Tick>([&](const Tick&) { ++calls; });
    const auto receipt = callbacks.emit(Tick{});
    CHECK(callbacks.run_pending() == 0);
    executor->run_all();
    receipt.wait();
    CHECK(calls == 1);
}

TEST_CASE("a callback manager takes the options of a bus", "[callback_manager]") {
    const auto clock = std::make_shared<ManualClock>(hindsight::TimePoint(std::chrono::seconds(9)));
    int errors = 0;
    CallbackManager callbacks(CallbackOptions{.clock = clock,
                                              .errors = hindsight::ErrorPolicy::rethrow,
                                              .on_error = [&](const HandlerError&) { ++errors; },
                                              .max_depth = 1});
    CHECK(callbacks.now() == clock->now());
    hindsight::TimePoint time;
    const auto timed =
        callbacks.subscribe<Tock>([&](const Record& record) { time = record.time(); }, {.delivery = Delivery::direct});
    callbacks.emit(Tock{});
    CHECK(time == clock->now());
    Outcome nested = Outcome::recorded;
    const auto failing = callbacks.subscribe<Tick>(
        [&](const Tick&) {
            nested = callbacks.emit(Tock{}).outcome;
            throw 1;
        },
        {.delivery = Delivery::direct});
    CHECK_THROWS_AS(callbacks.emit(Tick{}), hindsight::HandlerFailed);
    CHECK(nested == Outcome::too_deep);
    CHECK(errors == 1);
    CHECK_THROWS_AS(CallbackManager(CallbackOptions{.max_depth = 0}), hindsight::InvalidArgument);
}

TEST_CASE("member functions are callbacks of a manager, too", "[callback_manager]") {
    struct Receiver {
        void on_tick(const Tick&) { ++calls; }
        int calls = 0;
    };
    CallbackManager callbacks;
    auto receiver = std::make_shared<Receiver>();
    const auto subscription = callbacks.subscribe<Tick>(receiver, &Receiver::on_tick, {.delivery = Delivery::direct});
    callbacks.emit(Tick{});
    CHECK(receiver->calls == 1);
    receiver.reset();
    CHECK(callbacks.emit(Tick{}).matched == 0);
}

TEST_CASE("a callback manager shuts down like a bus", "[callback_manager]") {
    CallbackManager callbacks;
    int calls = 0;
    const auto subscription = callbacks.subscribe<Tick>([&](const Tick&) { ++calls; });
    callbacks.emit(Tick{});
    const auto report = callbacks.shutdown(std::chrono::seconds(1));
    CHECK(report.drained);
    CHECK(calls == 1);
    CHECK(callbacks.emit(Tick{}).outcome == Outcome::closed);
    CHECK_THROWS_AS(callbacks.subscribe<Tick>([](const Tick&) {}), hindsight::Closed);
}

TEST_CASE("the destructor discards what is queued and ends the subscriptions", "[callback_manager]") {
    const auto state = std::make_shared<int>(0);
    Subscription subscription;
    hindsight::Receipt receipt;
    {
        CallbackManager callbacks;
        subscription = callbacks.subscribe<Tick>([state](const Tick&) { ++*state; });
        receipt = callbacks.emit(Tick{});
    }
    CHECK(*state == 0);
    CHECK(state.use_count() == 1);
    CHECK_FALSE(subscription.connected());
    CHECK(receipt.wait_for(hindsight::Duration::zero()));
}

TEST_CASE("a callback manager can be destroyed inside its own handler", "[callback_manager]") {
    auto callbacks = std::make_unique<CallbackManager>();
    const auto state = std::make_shared<int>(0);
    callbacks->subscribe<Tick>([&, state](const Tick&) { callbacks.reset(); }, {.delivery = Delivery::direct}).detach();
    callbacks->emit(Tick{});
    CHECK(callbacks == nullptr);
    CHECK(state.use_count() == 1);
}

TEST_CASE("counters can be reset, and are then counted anew", "[callback_manager]") {
    CallbackManager callbacks(CallbackOptions{.on_error = [](const HandlerError&) {}});
    const auto direct = callbacks.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
    const auto queued = callbacks.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_newest}});
    for (int i = 0; i < 3; ++i) callbacks.emit(Tick{});
    callbacks.run_pending();
    CHECK(callbacks.stats().dropped == 2);
    callbacks.reset_stats();
    const auto reset = callbacks.stats();
    CHECK(reset.emitted == 0);
    CHECK(reset.matched + reset.delivered + reset.failed + reset.dropped + reset.discarded == 0);
    CHECK(direct.stats().failed == 0);
    CHECK(queued.stats().dropped == 0);
    CHECK(reset.subscriptions.size() == 2);
    callbacks.emit(Tick{});
    callbacks.run_pending();
    const auto again = callbacks.stats();
    CHECK(again.by_name.at("test.tick").emitted == 1);
    CHECK(again.matched == 2);
    CHECK(again.delivered == 2);
    CHECK(direct.stats().failed == 1);
    CHECK(callbacks.emit(Tick{}).seq > 4);
}

}  // namespace

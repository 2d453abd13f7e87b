// Promise 5: when disconnect returns, the handler is not running, will not run again, and its state is destroyed.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// Tells which thread destroys it.
struct Witness {
    explicit Witness(std::atomic<std::thread::id>& destroyer_) : destroyer(&destroyer_) {}
    Witness(Witness&& other) noexcept : destroyer(std::exchange(other.destroyer, nullptr)) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() {
        if (destroyer != nullptr) destroyer->store(std::this_thread::get_id());
    }
    std::atomic<std::thread::id>* destroyer;
};

TEST_CASE("disconnect destroys the handler's state before it returns", "[quiescence][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    Subscription subscription = bus.subscribe<Tick>([state](const Tick&) { ++*state; },
                                                    {.delivery = delivery,
                                                     .filter = [state](const hindsight::Record&) { return true; },
                                                     .on_lagged = [state](const hindsight::Lagged&) {}});
    bus.emit(Tick{}).wait();
    CHECK(*state == 1);
    CHECK(state.use_count() > 1);
    CHECK(subscription.disconnect());
    CHECK(state.use_count() == 1);
}

TEST_CASE("disconnect waits for the handler on another thread and destroys its state itself",
          "[quiescence][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    std::latch entered(1);
    std::atomic<bool> returning{false};
    std::atomic<std::thread::id> destroyer;
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&, witness = Witness(destroyer)](const Tick&) {
            entered.count_down();
            spin_until([&] { return !subscription.connected(); });
            let_others_run();
            returning = witness.destroyer->load() == std::thread::id();
        },
        {.delivery = delivery});
    auto emitter = start([&] { bus.emit(Tick{}); });
    entered.wait();
    CHECK(subscription.disconnect());
    CHECK(returning);
    CHECK(destroyer.load() == std::this_thread::get_id());
    get_soon(std::move(emitter));
}

TEST_CASE("disconnect waits for every thread inside a direct handler", "[quiescence][promise-5]") {
    constexpr int threads = 3;
    EventBus bus;
    std::latch entered(threads);
    std::atomic<int> left{0};
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            spin_until([&] { return !subscription.connected(); });
            let_others_run();
            ++left;
        },
        {.delivery = Delivery::direct});
    std::vector<std::future<void>> emitters;
    for (int i = 0; i < threads; ++i) emitters.push_back(start([&] { bus.emit(Tick{}); }));
    entered.wait();
    CHECK(subscription.disconnect());
    CHECK(left == threads);
    for (auto& emitter : emitters) get_soon(std::move(emitter));
}

TEST_CASE("two threads that disconnect one subscription both find its state destroyed", "[quiescence][promise-5]") {
    EventBus bus;
    std::latch entered(1);
    const auto state = std::make_shared<int>(0);
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&, state](const Tick&) {
            entered.count_down();
            spin_until([&] { return !subscription.connected(); });
            let_others_run();
        },
        {.delivery = Delivery::direct});
    auto emitter = start([&] { bus.emit(Tick{}); });
    entered.wait();
    const auto disconnect = [&] { return subscription.disconnect() && state.use_count() == 1; };
    auto first = start(disconnect);
    auto second = start(disconnect);
    CHECK(get_soon(std::move(first)));
    CHECK(get_soon(std::move(second)));
    get_soon(std::move(emitter));
}

TEST_CASE("inside its own handler disconnect returns false, and the state ends with the call",
          "[quiescence][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    std::optional<bool> result;
    long uses_inside = 0;
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&, state](const Tick&) {
            result = subscription.disconnect();
            uses_inside = state.use_count();
        },
        {.delivery = delivery});
    const auto receipt = bus.emit(Tick{});
    receipt.wait();
    bus.emit(Tick{});
    CHECK(result == false);
    CHECK(uses_inside == 2);
    CHECK_FALSE(subscription.connected());
    CHECK(subscription.disconnect());
    CHECK(state.use_count() == 1);
}

TEST_CASE("a direct handler that disconnects itself has no state left when emit returns", "[quiescence][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    auto subscription = std::make_unique<Subscription>();
    *subscription =
        bus.subscribe<Tick>([&, state](const Tick&) { subscription.reset(); }, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(state.use_count() == 1);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("a handler nested in itself keeps its state until the outermost call returns", "[quiescence][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    std::vector<long> uses;
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&, state](const Tick& tick) {
            if (tick.number == 3) subscription.disconnect();
            if (tick.number < 3) bus.emit(Tick{tick.number + 1});
            uses.push_back(state.use_count());
        },
        {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    CHECK(uses == std::vector<long>{2, 2, 2});
    CHECK(state.use_count() == 1);
}

TEST_CASE("close returns while the handler runs, and the state ends when it returns", "[quiescence][promise-5]") {
    EventBus bus;
    std::latch entered(1), closed(1);
    std::atomic<std::thread::id> destroyer;
    Subscription subscription = bus.subscribe<Tick>(
        [&, witness = Witness(destroyer)](const Tick&) {
            entered.count_down();
            closed.wait();
        },
        {.delivery = Delivery::direct});
    auto emitter = start([&] {
        bus.emit(Tick{});
        return std::this_thread::get_id();
    });
    entered.wait();
    subscription.close();
    CHECK(destroyer.load() == std::thread::id());
    closed.count_down();
    const auto emitting_thread = get_soon(std::move(emitter));
    CHECK(destroyer.load() == emitting_thread);
}

}  // namespace

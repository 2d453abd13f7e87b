// What went wrong in other event libraries when it was tried, each case by itself.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Seq;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("subscribing while another thread emits misses nothing from the moment that subscribe returns",
          "[pitfalls]") {
    EventBus bus({.history = {.capacity = 100}});
    std::atomic<bool> done{false};
    auto emitter = start([&] {
        while (!done) bus.emit(Tick{});
    });
    int gaps = 0;
    for (int round = 0; round < 50; ++round) {
        std::vector<Seq> seen;
        Subscription subscription = bus.subscribe<Tick>([&](const Record& record) { seen.push_back(record.seq()); },
                                                        {.delivery = Delivery::direct});
        const Seq first = bus.history().last_seq() + 2;  // one event may be on its way already
        spin_until([&] { return bus.history().last_seq() > first + 20; });
        subscription.disconnect();
        auto place = std::ranges::find(seen, first);
        for (Seq expected = first; expected < first + 20; ++expected) {
            if (place == seen.end() || *place++ != expected) ++gaps;
        }
    }
    done = true;
    get_soon(std::move(emitter));
    CHECK(gaps == 0);
}

TEST_CASE("emitting inside a handler does not hang", "[pitfalls]") {
    EventBus bus;
    int calls = 0;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            if (tick.number < 10) bus.emit(Tick{tick.number + 1});
        },
        {.delivery = Delivery::direct});
    run_elsewhere([&] { bus.emit(Tick{1}); });
    CHECK(calls == 10);
}

TEST_CASE("an observer that throws is not cut off", "[pitfalls]") {
    EventBus bus({.on_error = [](const HandlerError&) {}});
    int calls = 0;
    const auto throwing = bus.subscribe<Tick>(
        [&](const Tick&) {
            ++calls;
            throw std::runtime_error("every time");
        },
        {.delivery = Delivery::direct});
    for (int i = 0; i < 3; ++i) bus.emit(Tick{});
    CHECK(calls == 3);
}

TEST_CASE("a receiver can be deleted once it is disconnected, though its handler was running", "[pitfalls]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    struct Receiver {
        std::latch* inside;
        Subscription* own;
        bool alive = true;
        bool alive_to_the_end = false;
        ~Receiver() { alive = false; }
        void on(const Tick&) {
            inside->count_down();
            spin_until([this] { return !own->connected(); });
            let_others_run();
            alive_to_the_end = alive;
        }
    };
    std::latch inside(1);
    Subscription subscription;
    auto receiver = std::make_unique<Receiver>(Receiver{&inside, &subscription});
    subscription =
        bus.subscribe<Tick>([raw = receiver.get()](const Tick& tick) { raw->on(tick); }, {.delivery = delivery});
    auto emitter = start([&] { bus.emit(Tick{}); });
    inside.wait();
    CHECK(run_elsewhere([&] { return subscription.disconnect(); }));
    CHECK(receiver->alive_to_the_end);
    receiver.reset();
    get_soon(std::move(emitter));
    bus.emit(Tick{});
}

TEST_CASE("a throwing listener of queued events leaves the queue whole for the next ones", "[pitfalls]") {
    EventBus bus({.on_error = [](const HandlerError&) {}});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) {
        seen.push_back(tick.number);
        if (tick.number % 2 == 0) throw tick.number;
    });
    for (int i = 0; i < 5; ++i) bus.emit(Tick{i});
    bus.emit(Tick{5}).wait();
    CHECK(seen == std::vector{0, 1, 2, 3, 4, 5});
}

TEST_CASE("unsubscribing and subscribing inside a handler do not hang", "[pitfalls]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    std::atomic<int> old_calls{0}, new_calls{0};
    Subscription subscription;
    subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            ++old_calls;
            subscription = bus.subscribe<Tick>([&](const Tick&) { ++new_calls; }, {.delivery = delivery});
        },
        {.delivery = delivery});
    run_elsewhere([&] { bus.emit(Tick{}).wait(); });
    run_elsewhere([&] { bus.emit(Tick{}).wait(); });
    CHECK(old_calls == 1);
    CHECK(new_calls == 1);
}

TEST_CASE("two publishers at once fire a handler for one event once", "[pitfalls]") {
    for (int round = 0; round < 100; ++round) {
        EventBus bus({.history = {.capacity = 0}});
        std::atomic<int> fired{0};
        const auto once =
            bus.subscribe<Tick>([&](const Tick&) { ++fired; }, {.delivery = Delivery::direct, .max_deliveries = 1});
        std::latch together(2);
        const auto publish = [&] {
            together.arrive_and_wait();
            bus.emit(Tick{});
        };
        auto first = start(publish);
        auto second = start(publish);
        get_soon(std::move(first));
        get_soon(std::move(second));
        REQUIRE(fired == 1);
    }
}

TEST_CASE("shutdown drops nothing silently", "[pitfalls]") {
    EventBus bus({.pool = {.threads = 0}});
    std::uint64_t handled = 0;
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++handled; });
    for (int i = 0; i < 10; ++i) bus.emit(Tick{});
    bus.run_pending(4);
    const auto report = bus.shutdown(Duration::zero());
    CHECK(handled + report.undelivered == 10);
}

TEST_CASE("a handler that disconnects two others does not disturb the loop over them", "[pitfalls]") {
    const auto victim = GENERATE(0u, 1u, 2u, 3u);
    EventBus bus;
    std::vector<int> calls(6, 0);
    std::vector<Subscription> subscriptions(6);
    for (std::size_t i = 0; i < 6; ++i) {
        subscriptions[i] = bus.subscribe<Tick>(
            [&, i](const Tick&) {
                ++calls[i];
                if (i == 2) {
                    subscriptions[victim].disconnect();
                    subscriptions[victim + 1].disconnect();
                }
            },
            {.delivery = Delivery::direct});
    }
    bus.emit(Tick{});
    bus.emit(Tick{});
    for (std::size_t i = 0; i < 6; ++i) {
        const bool ended = i == victim || i == victim + 1;
        const int in_first_round = ended && i > 2 ? 0 : 1;
        // The one that disconnects may be among its own victims.
        const int in_second_round = ended ? 0 : 1;
        CHECK(calls[i] == in_first_round + in_second_round);
    }
}

TEST_CASE("a handler may emit types that the bus has never seen", "[pitfalls]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            for (int i = 0; i < 200; ++i) {
                bus.emit(NamedEvent{"new.n" + std::to_string(tick.number) + "-" + std::to_string(i)});
            }
            bus.emit(Tock{});
            bus.emit(Price{"A", tick.number});
            bus.emit(Parcel{});
        },
        {.delivery = delivery});
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i}).wait();
    CHECK(bus.stats().emitted == 3 * 204);
}

TEST_CASE("an exception in a handler does not end the program", "[pitfalls]") {
    EventBus bus({.on_error = [](const HandlerError&) {}});
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const auto subscription = bus.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = delivery});
    bus.emit(Tick{}).wait();
    CHECK(bus.stats().failed == 1);
}

}  // namespace

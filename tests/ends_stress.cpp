// Ends of subscriptions and buses at random moments: every event is accounted for.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("a bus can be shut down and destroyed whatever goes on", "[stress][promise-8][promise-13]") {
    INFO("seed " << random_seed());
    for (unsigned round = 0; round < 150; ++round) {
        Random random(round);
        std::atomic<std::uint64_t> handled{0}, lost{0}, accepted{0};
        std::vector<Subscription> subscriptions;
        {
            EventBus bus({.history = {.capacity = 10},
                          .pool = {.threads = static_cast<unsigned>(random.below(3))},
                          .on_error = [&](const auto&) { ++lost; },
                          .drain_on_destroy = random.one_in(2) ? Duration::zero() : Duration(std::chrono::seconds(5))});
            subscriptions.push_back(bus.subscribe<Tick>(
                [&](const Tick& tick) {
                    ++handled;
                    if (tick.number == 3) bus.emit(NamedEvent{"in.handler"});
                },
                {.mailbox = {.capacity = 4}}));
            std::latch together(3);
            std::vector<std::future<void>> emitters;
            for (int thread = 0; thread < 2; ++thread) {
                emitters.push_back(start([&] {
                    together.arrive_and_wait();
                    for (int i = 0; i < 20; ++i) accepted += bus.emit(Tick{i}).queued;
                }));
            }
            together.arrive_and_wait();
            if (random.one_in(2)) {
                const auto report = bus.shutdown(random.one_in(2) ? Duration::zero() : Duration(patience));
                lost += report.undelivered;
            }
            for (auto& emitter : emitters) get_soon(std::move(emitter));
        }
        REQUIRE(handled + lost == accepted);
        REQUIRE_FALSE(subscriptions[0].connected());
        REQUIRE(subscriptions[0].stats().delivered == handled);
        REQUIRE(subscriptions[0].stats().discarded == lost);
    }
}

TEST_CASE("pausing, resuming and emitting at once loses and doubles nothing", "[stress][promise-8]") {
    INFO("seed " << random_seed());
    for (int round = 0; round < 40; ++round) {
        EventBus bus({.history = {.capacity = 0}, .pool = {.threads = 1}});
        std::atomic<std::uint64_t> calls{0};
        std::vector<Subscription> subscriptions;
        for (int i = 0; i < 3; ++i) {
            subscriptions.push_back(bus.subscribe<Tick>([&](const Tick&) { ++calls; },
                                                        {.mailbox = {.overflow = static_cast<Overflow>(i)}}));
        }
        std::atomic<bool> done{false};
        auto toggler = start([&] {
            while (!done) {
                for (Subscription& each : subscriptions) each.pause();
                for (Subscription& each : subscriptions) each.resume();
            }
        });
        std::uint64_t queued = 0;
        for (int i = 0; i < 300; ++i) queued += bus.emit(Tick{i}).queued;
        done = true;
        get_soon(std::move(toggler));
        bus.shutdown(patience);
        std::uint64_t skipped = 0;
        for (const Subscription& each : subscriptions) skipped += each.stats().skipped;
        REQUIRE(calls == queued);
        REQUIRE(queued + skipped == 900);
    }
}

TEST_CASE("handlers that end each other at random always return", "[stress][promise-5][promise-9]") {
    INFO("seed " << random_seed());
    constexpr std::size_t count = 6;
    int states_left = 0;
    for (unsigned round = 0; round < 80; ++round) {
        EventBus bus({.history = {.capacity = 0}, .pool = {.threads = 3}});
        std::vector<Subscription> subscriptions(count);
        std::vector<std::shared_ptr<int>> states(count);
        Random random(round);
        for (std::size_t i = 0; i < count; ++i) {
            states[i] = std::make_shared<int>(0);
            const std::size_t victim = static_cast<std::size_t>(random.below(count));
            const int when = random.below(20);
            subscriptions[i] = bus.subscribe<Tick>(
                [&, held = states[i], victim, when](const Tick& tick) {
                    if (tick.number >= when) subscriptions[victim].disconnect();
                    if (tick.number == 10) subscriptions[(victim + 1) % count].close();
                },
                {.delivery = random.one_in(2) ? Delivery::direct : Delivery::queued});
        }
        std::vector<std::future<void>> emitters;
        for (int thread = 0; thread < 2; ++thread) {
            emitters.push_back(start([&] {
                for (int i = 0; i < 30; ++i) bus.emit(Tick{i});
            }));
        }
        for (auto& emitter : emitters) get_soon(std::move(emitter));
        run_elsewhere([&] {
            for (Subscription& each : subscriptions) each.disconnect();
        });
        for (const auto& state : states) {
            if (state.use_count() != 1) ++states_left;
        }
        const auto stats = bus.stats();
        REQUIRE(stats.matched == stats.delivered + stats.discarded);
    }
    CHECK(states_left == 0);
}

}  // namespace

// Everything at once, at random: what must hold at every moment and in the end.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using hindsight::BucketRing;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::KeepNone;
using hindsight::Lagged;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Seq;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// What all threads found to be wrong. The test framework is for one thread only.
struct Faults {
    std::atomic<int> out_of_order{0}, overlapping{0}, called_after_end{0}, state_left{0}, wrong_hole{0}, wrong_event{0};
    int total() const { return out_of_order + overlapping + called_after_end + state_left + wrong_hole + wrong_event; }
};

/// A subscription that checks what it is given.
class Checked {
public:
    Checked(EventBus& bus, Faults& faults, Random& random) {
        SubscribeOptions options{.delivery = random.one_in(3) ? Delivery::direct : Delivery::queued,
                                 .priority = random.below(3)};
        options.mailbox.overflow = static_cast<Overflow>(random.below(4));
        options.mailbox.capacity = random.one_in(2) ? 2 : 64;
        options.mailbox.hard_limit = 200;
        if (random.one_in(4)) options.max_deliveries = static_cast<std::uint64_t>(1 + random.below(20));
        if (random.one_in(4)) options.filter = [](const Record& record) { return record.key() != "odd"; };
        state_ = std::make_shared<State>();
        const bool queued = options.delivery == Delivery::queued;
        options.on_lagged = [state = state_, &faults](const Lagged& hole) {
            if (hole.first <= state->last || hole.last < hole.first || hole.missed == 0) ++faults.wrong_hole;
            state->last = hole.last;
        };
        const auto handle = [state = state_, &faults, queued](const Record& record) {
            if (state->ended) ++faults.called_after_end;
            if (const Tick* tick = record.get_if<Tick>()) {
                if (std::to_string(tick->number) != record.correlation()) ++faults.wrong_event;
            }
            if (!queued) return;
            if (state->inside.exchange(true)) ++faults.overlapping;
            if (record.seq() <= state->last) ++faults.out_of_order;
            state->last = record.seq();
            state->inside = false;
        };
        const bool by_type = random.one_in(2);
        subscription_ = by_type ? bus.subscribe<Tick>(handle, options) : bus.subscribe("*", handle, options);
    }

    void meddle(Random& random) {
        if (random.one_in(2)) {
            subscription_.pause();
        } else {
            subscription_.resume();
        }
    }

    void end(Faults& faults) {
        const bool destroyed = subscription_.disconnect();
        if (!destroyed) return;
        state_->ended = true;
        if (state_.use_count() != 1) ++faults.state_left;
    }

private:
    struct State {
        std::atomic<bool> ended{false}, inside{false};
        Seq last = 0;
    };
    std::shared_ptr<State> state_;
    Subscription subscription_;
};

void check_totals(const EventBus& bus) {
    const auto stats = bus.stats();
    CHECK(stats.matched == stats.delivered + stats.dropped + stats.conflated + stats.discarded + stats.queue_depth);
    CHECK(stats.emitted == bus.history().last_seq());
    const auto history = bus.history().stats();
    CHECK(history.stored - history.evicted >= history.size);
    CHECK(history.size == bus.history().size());
}

TEST_CASE("emitters, subscribers and queries at random keep every promise",
          "[stress][promise-2][promise-5][promise-8]") {
    INFO("seed " << random_seed());
    constexpr int emitters = 2, subscribers = 2, steps = 6'000;
    Faults faults;
    EventBus bus(
        {.history = {.capacity = 50,
                     .policies = {{"bucket.*", BucketRing{.capacity = 2, .max_keys = 8}}, {"none.*", KeepNone{}}}},
         .pool = {.threads = 2},
         .on_error = [](const auto&) {},
         .max_names = 20});
    const auto throwing = bus.subscribe<Tick>(
        [](const Tick& tick) {
            if (tick.number % 50 == 0) throw tick.number;
        },
        {.delivery = Delivery::direct});
    const auto nesting = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            if (tick.number % 7 == 0) bus.emit(NamedEvent{"bucket.nested"}, {.key = std::to_string(tick.number % 10)});
        },
        {.delivery = Delivery::direct});
    const auto self_ending = [&] {
        return bus.subscribe<Tick>([](const Tick&) { hindsight::this_handler::disconnect(); });
    };

    std::vector<std::future<void>> threads;
    for (unsigned thread = 0; thread < emitters; ++thread) {
        threads.push_back(start([&, thread] {
            Random random(thread);
            for (int i = 0; i < steps; ++i) {
                const std::string number = std::to_string(i);
                if (random.one_in(5)) {
                    bus.emit(NamedEvent{(random.one_in(2) ? "none.n" : "bucket.n") + number});
                } else {
                    bus.emit(Tick{i}, {.key = i % 2 == 0 ? "even" : "odd", .correlation = number});
                }
            }
        }));
    }
    for (unsigned thread = 0; thread < subscribers; ++thread) {
        threads.push_back(start([&, thread] {
            Random random(100 + thread);
            std::vector<std::unique_ptr<Checked>> own;
            for (int i = 0; i < steps / 10; ++i) {
                own.push_back(std::make_unique<Checked>(bus, faults, random));
                const auto passing = self_ending();
                own[static_cast<std::size_t>(random.below(static_cast<int>(own.size())))]->meddle(random);
                if (own.size() > 5 || random.one_in(3)) {
                    own.front()->end(faults);
                    own.erase(own.begin());
                }
            }
            for (const auto& each : own) each->end(faults);
        }));
    }
    threads.push_back(start([&] {
        Random random(200);
        for (int i = 0; i < steps / 10; ++i) {
            const auto records = bus.history().query({.limit = 20});
            for (std::size_t k = 1; k < records.size(); ++k) {
                if (records[k].seq() <= records[k - 1].seq()) ++faults.out_of_order;
            }
            if (random.one_in(10)) bus.history().clear();
            if (random.one_in(10)) bus.history().set_policies({{"none.*", KeepNone{}}});
            static_cast<void>(bus.stats());
        }
    }));
    for (auto& thread : threads) get_soon(std::move(thread));
    CHECK(run_elsewhere([&] { return bus.shutdown(patience); }).drained);
    CHECK(faults.out_of_order == 0);
    CHECK(faults.overlapping == 0);
    CHECK(faults.called_after_end == 0);
    CHECK(faults.state_left == 0);
    CHECK(faults.wrong_hole == 0);
    CHECK(faults.wrong_event == 0);
    check_totals(bus);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("handlers that end each other at random always return", "[stress][promise-5][promise-9]") {
    INFO("seed " << random_seed());
    constexpr std::size_t count = 6;
    Faults faults;
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
            if (state.use_count() != 1) ++faults.state_left;
        }
        const auto stats = bus.stats();
        REQUIRE(stats.matched == stats.delivered + stats.discarded);
    }
    CHECK(faults.state_left == 0);
}

}  // namespace

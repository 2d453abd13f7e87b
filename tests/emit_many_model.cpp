// A batch leaves behind what the same events leave behind that are emitted one by one.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using hindsight::BatchReceipt;
using hindsight::BucketRing;
using hindsight::EventBus;
using hindsight::KeepNone;
using hindsight::Lagged;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::SharedRing;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

struct KeepSome {
    bool should_store(const Record& record) const { return record.seq() == 0 && record.key() != "b"; }
    std::size_t capacity() const { return 3; }
};

const std::string& random_of(const std::vector<std::string>& texts, Random& random) {
    return texts[static_cast<std::size_t>(random.below(static_cast<int>(texts.size())))];
}

/// A bus with subscribers of all kinds that write down what they get.
struct Observed {
    explicit Observed(const hindsight::BusOptions& options) : bus(options) {
        for (const Overflow overflow :
             {Overflow::block, Overflow::drop_oldest, Overflow::drop_newest, Overflow::conflate}) {
            const auto kind = std::to_string(static_cast<int>(overflow));
            const auto note = [this, kind](const Record& record) {
                seen += kind + ":" + std::to_string(record.seq()) + std::string(record.name()) + " ";
            };
            SubscribeOptions queued{.mailbox = {.capacity = 4, .overflow = overflow, .hard_limit = 6},
                                    .on_lagged = [this, kind](const Lagged& hole) {
                                        seen += kind + ":missed " + std::to_string(hole.first) + "-" +
                                                std::to_string(hole.last) + " ";
                                    }};
            if (overflow == Overflow::drop_newest) queued.filter = [](const Record& r) { return r.key() != "a"; };
            subscriptions.push_back(bus.subscribe(overflow == Overflow::conflate ? "*" : "x.*", note, queued));
        }
    }

    std::string state() const {
        std::string text = seen + "\nhistory ";
        for (const Record& each : bus.history().query()) {
            text += std::to_string(each.seq()) + std::string(each.name()) + std::string(each.key()) + " ";
        }
        for (const char* const key : {"a", "b", "c"}) {
            text += key + std::to_string(bus.history().query({.key = key}).size()) + " ";
        }
        for (const char* const name : {"x.one", "x.two", "y"}) {
            text += name + std::to_string(bus.history().query({.name = name}).size()) + " ";
        }
        for (const auto& policy : bus.history().stats().policies) {
            text += " policy " + std::to_string(policy.stored) + " " + std::to_string(policy.evicted) + " " +
                    std::to_string(policy.refused) + " " + std::to_string(policy.keys);
        }
        const auto stats = bus.stats();
        text += " dropped " + std::to_string(stats.dropped) + " conflated " + std::to_string(stats.conflated) +
                " emitted " + std::to_string(stats.emitted) + " matched " + std::to_string(stats.matched);
        return text;
    }

    EventBus bus;
    std::string seen;
    std::vector<Subscription> subscriptions;
};

TEST_CASE("random batches leave behind what single emits do", "[emit_many][promise-8][promise-11]") {
    const std::vector<std::string> names{"x.one", "x.two", "y"}, keys{"", "a", "b", "c", "d", "e"};
    for (unsigned round = 0; round < 150; ++round) {
        Random random(round);
        hindsight::BusOptions options{.history = {.capacity = static_cast<std::size_t>(random.below(12))},
                                      .pool = {.threads = 0},
                                      .max_names = 2};
        if (random.one_in(2)) {
            options.history.policies.push_back(
                {"x.*", BucketRing{.capacity = static_cast<std::size_t>(1 + random.below(3)),
                                   .max_keys = static_cast<std::size_t>(1 + random.below(3))}});
        }
        if (random.one_in(3)) options.history.policies.push_back({"y", KeepSome{}});
        if (random.one_in(3)) options.history.max_total_bytes = static_cast<std::size_t>(500 + random.below(2000));
        Observed single(options), many(options);
        for (int i = 0; i < 12; ++i) {
            std::vector<NamedEvent> batch;
            for (int size = random.below(20); size > 0; --size) batch.push_back({random_of(names, random)});
            const std::string& key = random_of(keys, random);
            for (const NamedEvent& each : batch) single.bus.emit(each, {.key = key});
            const BatchReceipt receipt = many.bus.emit_many(batch, {.key = key});
            CHECK(receipt.count == batch.size());
            std::vector<Price> prices;
            for (int size = random.below(20); size > 0; --size) prices.push_back({random_of(keys, random), 1});
            for (const Price& each : prices) single.bus.emit(each, {.source = "s"});
            many.bus.emit_many(prices, {.source = "s"});
            if (random.one_in(2)) {
                const std::size_t max = static_cast<std::size_t>(random.below(30));
                single.bus.run_pending(max);
                many.bus.run_pending(max);
            }
            if (random.one_in(4)) {
                single.bus.history().clear();
                many.bus.history().clear();
            }
            REQUIRE(single.state() == many.state());
        }
        single.bus.run_pending();
        many.bus.run_pending();
        REQUIRE(single.state() == many.state());
    }
}

TEST_CASE("batches of several threads stay whole, in history and in mailboxes",
          "[emit_many][promise-2][promise-9][promise-11][stress]") {
    constexpr int emitters = 3, rounds = 60;
    EventBus bus({.history = {.capacity = 100'000}, .pool = {.threads = 2}});
    std::atomic<int> faults{0}, handled{0};
    struct Whole {
        int batch = -1;
        int left = 0;
    };
    std::vector<Subscription> subscriptions;
    for (const std::size_t capacity : {std::size_t{4}, std::size_t{64}}) {
        subscriptions.push_back(bus.subscribe<Tick>(
            [&, whole = std::make_shared<Whole>(), last = std::make_shared<hindsight::Seq>(0)](const Tick& tick,
                                                                                               const Record& record) {
                if (record.seq() <= *last) ++faults;
                *last = record.seq();
                if (whole->left == 0) *whole = {tick.number / 100, tick.number % 100};
                if (tick.number / 100 != whole->batch || tick.number % 100 != whole->left) ++faults;
                --whole->left;
                ++handled;
            },
            {.mailbox = {.capacity = capacity}}));
    }
    std::atomic<int> emitted{0};
    std::vector<std::future<void>> threads;
    for (int thread = 0; thread < emitters; ++thread) {
        threads.push_back(start([&, thread] {
            Random random(static_cast<unsigned>(thread));
            for (int round = 0; round < rounds; ++round) {
                // A batch counts down to 1; a single event is one of one.
                const int size = thread == 0 ? 1 : 1 + random.below(20);
                std::vector<Tick> events;
                for (int left = size; left > 0; --left) events.push_back({(thread * rounds + round) * 100 + left});
                emitted += size;
                if (size == 1) {
                    bus.emit(events.front());
                } else {
                    const BatchReceipt receipt = bus.emit_many(std::move(events));
                    if (receipt.queued != 2 * receipt.count || receipt.dropped != 0) ++faults;
                    if (random.one_in(4)) receipt.wait();
                }
            }
        }));
    }
    for (auto& each : threads) get_soon(std::move(each));
    CHECK(bus.shutdown(patience).drained);
    CHECK(faults == 0);
    CHECK(handled == 2 * emitted);
    hindsight::Seq next = 1;
    for (const Record& each : bus.history().query({.name = "test.tick"})) {
        if (each.seq() != next++) ++faults;
    }
    CHECK(faults == 0);
}

}  // namespace

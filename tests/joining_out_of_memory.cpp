// Promises 6 and 10: when memory runs out, at any place, a join did nothing or everything.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

using hindsight::BucketRing;
using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Lagged;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// A bus with a past in two logs, of which a part is gone.
std::unique_ptr<EventBus> make_bus() {
    auto bus = std::make_unique<EventBus>(
        BusOptions{.history = {.capacity = 4, .policies = {{"market.*", BucketRing{.capacity = 2}}}},
                   .pool = {.threads = 0},
                   .on_error = [](const HandlerError&) {}});
    for (int i = 0; i < 6; ++i) {
        bus->emit(Tick{i});
        bus->emit(Price{"symbol " + std::to_string(i % 2), i});
    }
    return bus;
}

/// What the subscription gets, in memory that is there already.
struct Given {
    Given() { seqs.reserve(100); }
    std::vector<Seq> seqs;
    int holes = 0;
};

/// Subscribes with memory for `count` allocations; whether it was enough. An empty subscription: it threw.
template <class F>
bool subscribe_with(std::size_t count, F subscribe, Subscription& subscription) {
    const FailAllocationsAfter limit(count);
    bool enough = false;
    try {
        subscription = subscribe();
        enough = allocations_left != 0;
    } catch (const std::bad_alloc&) {
        subscription = {};
    }
    return enough;
}

TEST_CASE("when memory runs out a join did nothing or everything",
          "[joining][strong_guarantee][promise-6][promise-10]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const auto replay =
        GENERATE(Replay::last(3), Replay::from_seq(1), Replay::since(hindsight::TimePoint{}), Replay::last_per_key());
    const bool typed = GENERATE(false, true);
    const bool filtered = GENERATE(false, true);

    std::size_t calls_in_full = 0;
    bool enough = false;
    for (std::size_t count = 0; !enough; ++count) {
        const auto bus = make_bus();
        const std::string before = state_of(*bus);
        const auto state = std::make_shared<int>(0);
        Given given;
        SubscribeOptions options{.name = "a name that is too long to be kept in place",
                                 .delivery = delivery,
                                 .replay = replay,
                                 .on_lagged = [&](const Lagged&) { ++given.holes; }};
        if (filtered) options.filter = [](const Record& record) { return record.time() != hindsight::TimePoint{}; };
        const auto handle = [&given, state](const Record& record) { given.seqs.push_back(record.seq()); };
        Subscription subscription;
        enough = subscribe_with(
            count,
            [&] { return typed ? bus->subscribe<Price>(handle, options) : bus->subscribe("*", handle, options); },
            subscription);
        if (!subscription.connected()) {
            REQUIRE(state_of(*bus) == before);
            REQUIRE(given.seqs.empty());
            REQUIRE(given.holes == 0);
            REQUIRE(state.use_count() == 2);  // with `handle`
            continue;
        }
        const Seq live = bus->emit(Price{"symbol 7", 7}).seq;
        bus->run_pending();
        const auto stats = subscription.stats();
        REQUIRE(stats.queue_depth == 0);
        REQUIRE(given.seqs.back() == live);
        REQUIRE(given.seqs.size() == stats.delivered);
        // The executor may have found no memory for its task, which is a failure of the subscription: it is counted.
        REQUIRE((stats.failed == 0) == (stats.discarded == 0));
        if (calls_in_full == 0) calls_in_full = given.seqs.size() + stats.discarded;
        REQUIRE(given.seqs.size() + stats.discarded == calls_in_full);
    }
    CHECK(calls_in_full > 1);
}

TEST_CASE("when memory runs out reading a hole again did nothing or everything", "[lag][strong_guarantee][promise-6]") {
    for (std::size_t count = 0;; ++count) {
        EventBus bus({.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}});
        std::size_t found = 0, failed = 0;
        bool enough = false;
        const auto subscription = bus.subscribe<Tick>(
            [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
                                 .on_lagged = [&](const Lagged& hole) {
                                     const FailAllocationsAfter limit(count);
                                     try {
                                         found = hindsight::this_handler::reread(hole).records.size();
                                         enough = allocations_left != 0;
                                     } catch (const std::bad_alloc&) {
                                         ++failed;
                                     }
                                 }});
        for (int i = 0; i < 4; ++i) bus.emit(Tick{i});
        bus.run_pending();
        REQUIRE(found + failed == (failed > 0 ? 1 : 3));
        if (enough) break;
    }
}

}  // namespace

// Promise 6 for every public operation: each of its allocations fails once, and each time it is as if the call had not
// been made, nothing leaks, and the bus goes on. out_of_memory.cpp has emit, emit_many, subscribe and shutdown in
// detail.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/cause_tree.hpp>
#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/past.hpp>
#include <hindsight/scheduled.hpp>
#include <hindsight/scope.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const std::string long_text = "a text that is too long to be kept in place";
const std::string scope_name = "a_scope_whose_name_is_too_long_to_be_kept_in_place";
const Price event{long_text, 5};

struct Receiver {
    void on_price(const Price&) {}
    void on_event(const Tick&) {}
    void on_event(const Tock&) {}
};

/// A bus with a past, a subscriber that counts, a middleware and an event that waits for its time.
struct World {
    World() {
        for (int i = 0; i < 3; ++i) bus.emit(event, {.source = long_text});
        bus.run_pending();
        other.append(event);
        past = bus.history().query();
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    int calls = 0;
    EventBus bus{{.history = {.policies = {{"market.*", BucketRing{.capacity = 2}}}},
                  .pool = {.threads = 0},
                  .clock = clock,
                  .on_error = [](const HandlerError&) {}}};
    EventStore other;
    EventStore fresh;
    std::vector<Record> past;
    std::shared_ptr<Receiver> receiver = std::make_shared<Receiver>();
    Middleware middleware = bus.use<Price>([](Price&) {});
    Subscription counting = bus.subscribe<Price>([this](const Price&) { ++calls; }, {.delivery = Delivery::direct});
    Scheduled waiting = bus.emit_after(1h, event);
    Scope scope = bus.scope(scope_name);
};

/// Makes the call and tells whether it did what it is for. What it looks at afterwards takes no memory.
struct Operation {
    const char* name;
    bool (*call)(World&);
};

const Operation operations[] = {
    {"emit", [](World& w) { return w.bus.emit(event, {.source = "another " + long_text}).seq == 4; }},
    {"emit a name", [](World& w) { return w.bus.emit(NamedEvent{"some.name.of.some.length"}).seq == 4; }},
    {"emit_many",
     [](World& w) {
         return w.bus.emit_many({event, Price{"another " + long_text, 2}}).first == 4;
     }},
    {"subscribe",
     [](World& w) {
         return w.bus
             .subscribe<Tock>([](const Tock&) {}, {.name = long_text, .filter = [](const Record&) { return true; }})
             .connected();
     }},
    {"subscribe to a pattern",
     [](World& w) { return w.bus.subscribe("market.*.of.some.length", [](const Record&) {}).connected(); }},
    {"attach", [](World& w) { return w.bus.attach<Tick, Tock>(w.receiver, {.name = long_text}).connected(); }},
    {"subscribe a member function",
     [](World& w) { return w.bus.subscribe<Price>(w.receiver, &Receiver::on_price).connected(); }},
    {"subscribe with replay",
     [](World& w) { return w.bus.subscribe<Price>([](const Price&) {}, {.replay = Replay::last(10)}).connected(); }},
    {"inbox of a type", [](World& w) { return w.bus.inbox<Price>({.name = long_text}).connected(); }},
    {"inbox of a pattern", [](World& w) { return w.bus.inbox("market.*.of.some.length").connected(); }},
    {"use for a type", [](World& w) { return w.bus.use<Tick>([](Tick&) {}).connected(); }},
    {"use for a pattern", [](World& w) { return w.bus.use("market.*.of.some.length", [](DraftView&) {}).connected(); }},
    {"emit_after", [](World& w) { return w.bus.emit_after(1s, event).pending(); }},
    {"emit_at", [](World& w) { return w.bus.emit_at(w.bus.now() + 1s, event).pending(); }},
    {"emit_every", [](World& w) { return w.bus.emit_every(1s, event).pending(); }},
    {"scope", [](World& w) { return w.bus.scope().open(); }},
    {"scope with a name", [](World& w) { return w.bus.scope(scope_name).open(); }},
    {"scope inside a scope", [](World& w) { return w.scope.scope(scope_name).open(); }},
    {"emit in a scope", [](World& w) { return w.scope.emit(event).seq == 4; }},
    {"emit_many in a scope",
     [](World& w) {
         return w.scope.emit_many({event, event}).first == 4;
     }},
    {"subscribe in a scope", [](World& w) { return w.scope.subscribe<Price>([](const Price&) {}).connected(); }},
    {"emit_after in a scope", [](World& w) { return w.scope.emit_after(1s, event).pending(); }},
    {"history of a scope", [](World& w) { return w.scope.history().query().empty(); }},
    {"append", [](World& w) { return w.other.append(event, {.source = long_text}).seq == 2; }},
    {"query", [](World& w) { return w.bus.history().query({.source = long_text}).size() == 2; }},
    {"query of a type", [](World& w) { return w.bus.history().query<Price>().size() == 2; }},
    {"latest", [](World& w) { return w.bus.latest<Price>().has_value(); }},
    {"latest of a key", [](World& w) { return w.bus.latest<Price>(long_text).has_value(); }},
    {"find", [](World& w) { return w.bus.history().find(3).has_value(); }},
    {"trace", [](World& w) { return w.bus.history().trace(3).entries.size() == 1; }},
    {"as_of a seq", [](World& w) { return w.bus.history().as_of(3).query().size() == 2; }},
    {"restore",
     [](World& w) {
         w.fresh.restore(w.past);
         return w.fresh.size() == 2;
     }},
    {"clear",
     [](World& w) {
         w.bus.history().clear();
         return w.bus.history().size() == 0;
     }},
    {"set_policies",
     [](World& w) {
         w.bus.history().set_policies({{"market.*.of.some.length", BucketRing{.capacity = 7}}, {"*", KeepNone{}}});
         return w.bus.history().size() <= 2;
     }},
    {"swap",
     [](World& w) {
         w.fresh.swap(w.other);
         return w.fresh.size() == 1 && w.other.size() == 0;
     }},
    {"statistics of the bus", [](World& w) { return w.bus.stats().emitted == 3; }},
    {"statistics of the bus as JSON", [](World& w) { return !to_json(w.bus.stats()).empty(); }},
    {"statistics of a subscription", [](World& w) { return w.counting.stats().delivered == 3; }},
    {"a record as JSON", [](World& w) { return !to_json(w.past.front()).empty(); }},
    {"statistics of the history", [](World& w) { return w.bus.history().stats().size == 2; }},
    {"subscription_count of a pattern", [](World& w) { return w.bus.subscription_count("market.price") == 1; }},
    {"retire", [](World& w) { return w.bus.retire<Tock>() == 0; }},
    {"shutdown",
     [](World& w) {
         w.bus.shutdown(Duration::zero());
         return !w.waiting.pending();
     }},
    {"a bus",
     [](World&) {
         return EventBus({.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}}).now() > TimePoint{};
     }},
    {"a history",
     [](World&) {
         return EventStore({.capacity = 10, .policies = {{"*", LastPerKey{}}}}).size() == 0;
     }},
};

struct Result {
    bool threw = false;
    bool worked = false;
    bool enough_memory = false;
    bool as_before = false;
    bool goes_on = false;
};

/// Takes no memory that it keeps.
Result call_with_memory_for(std::size_t count, const Operation& operation) {
    World world;
    Result result;
    const std::string before = state_of(world.bus);
    const std::size_t fresh = world.fresh.size(), other = world.other.size();
    const std::uint64_t refused = world.bus.stats().refused_failed;
    try {
        const FailAllocationsAfter limit(count);
        result.worked = operation.call(world);
        result.enough_memory = allocations_left != 0;
    } catch (const std::bad_alloc&) {
        result.threw = true;
    }
    if (!result.threw) return result;
    result.as_before = state_of(world.bus) == before && world.fresh.size() == fresh && world.other.size() == other &&
                       world.bus.stats().refused_failed == refused && world.waiting.pending();
    const int calls = world.calls;
    const Seq next = world.bus.history().last_seq() + 1;
    result.goes_on = world.bus.emit(event).seq == next && world.calls == calls + 1 && world.bus.history().find(next);
    world.clock->advance(2h);  // only what was there before is due
    world.bus.run_pending();
    result.goes_on = result.goes_on && world.calls == calls + 2;
    return result;
}

TEST_CASE("each allocation of each operation fails once, and it is as if the call had not been made",
          "[strong_guarantee][promise-6]") {
    // What is made once in a process, names of types and spare memory of threads, is there afterwards.
    for (int i = 0; i < 3; ++i) call_with_memory_for(never - 1, operations[0]);
    std::size_t points = 0;
    for (const Operation& operation : operations) {
        for (std::size_t count = 0;; ++count) {
            INFO(operation.name << " with memory for " << count << " allocations");
            call_with_memory_for(count, operation);
            const std::size_t held = allocated_bytes;
            const Result result = call_with_memory_for(count, operation);
            const std::size_t still_held = allocated_bytes;
            CHECK(still_held <= held);
            CHECK(result.worked != result.threw);
            CHECK(result.as_before == result.threw);
            CHECK(result.goes_on == result.threw);
            if (result.enough_memory) break;
            ++points;
        }
    }
    std::cout << points << " allocations of " << std::size(operations) << " operations failed once each\n";
    CHECK(points > std::size(operations));
}

}  // namespace

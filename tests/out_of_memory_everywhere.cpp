// Promise 6 for each operation in one table: whichever of its allocations fails, the call has not been made, nothing
// leaks, and the bus works afterwards. What is peculiar to one operation is in the other out_of_memory tests.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/delivery_log.hpp>
#include <hindsight/hindsight.hpp>
#include <hindsight/request.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const std::string text(60, 'x');  // too long to be kept in place
const Price price{text, 1};

struct Watcher {
    void on_event(const Tick&) {}
    void on_event(const Tock&) {}
    void on_price(const Price&) {}
};

/// A bus on which something has happened already, and what operations leave behind.
struct Fixture {
    Fixture() {
        bus.emit(Price{text, 0}, {.source = text});
        bus.emit(Tick{1}, {.cause = 1});
        bus.run_pending();
    }

    std::string state() const {
        return state_of(bus) + ", scheduled " + std::to_string(bus.stats().schedules.waiting) + ", of a pattern " +
               std::to_string(bus.subscription_count("market.*"));
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::shared_ptr<Watcher> watcher = std::make_shared<Watcher>();
    EventBus bus{{.history = {.policies = {{"market.*", BucketRing{.capacity = 2}}}},
                  .pool = {.threads = 0},
                  .clock = clock,
                  .on_error = [](const HandlerError&) {}}};
    Subscription standing = bus.subscribe<Price>([](const Price&) {});
    Scope open_scope = bus.scope("standing");
    std::vector<Subscription> subscriptions;
    std::optional<Inbox<Price>> inbox;
    std::optional<Scheduled> scheduled;
    std::optional<Scope> scope;
    std::optional<Middleware> middleware;
};

struct Operation {
    const char* name;
    std::function<void(Fixture&)> call;
};

const auto ignore = [big = text](const Record&) {};
const SubscribeOptions options{.name = text, .filter = [big = text](const Record&) { return true; }};

const std::vector<Operation> operations{
    {"emit", [](Fixture& f) { f.bus.emit(price, {.source = "another " + text, .correlation = text}); }},
    {"emit a name", [](Fixture& f) { f.bus.emit(NamedEvent{"some.name." + text}); }},
    {"emit_many",
     [](Fixture& f) {
         f.bus.emit_many({price, Price{"y" + text, 2}});
     }},
    {"emit_after", [](Fixture& f) { f.scheduled = f.bus.emit_after(1s, price); }},
    {"emit_at", [](Fixture& f) { f.scheduled = f.bus.emit_at(TimePoint{5s}, price); }},
    {"emit_every", [](Fixture& f) { f.scheduled = f.bus.emit_every(1s, price); }},
    {"subscribe", [](Fixture& f) { f.subscriptions.push_back(f.bus.subscribe<Tock>(ignore, options)); }},
    {"subscribe a pattern",
     [](Fixture& f) { f.subscriptions.push_back(f.bus.subscribe("market.*", ignore, options)); }},
    {"subscribe a member",
     [](Fixture& f) { f.subscriptions.push_back(f.bus.subscribe<Price>(f.watcher, &Watcher::on_price)); }},
    {"attach", [](Fixture& f) { f.subscriptions.push_back(f.bus.attach<Tick, Tock>(f.watcher, options)); }},
    {"inbox", [](Fixture& f) { f.inbox.emplace(f.bus.inbox<Price>(options)); }},
    {"use",
     [](Fixture& f) { f.middleware.emplace(f.bus.use("market.*", [big = text](DraftView&) {}, {.name = text})); }},
    {"scope", [](Fixture& f) { f.scope.emplace(f.bus.scope("session." + text)); }},
    {"emit in a scope", [](Fixture& f) { f.open_scope.emit(price); }},
    {"emit_many in a scope",
     [](Fixture& f) {
         f.open_scope.emit_many({price, price});
     }},
    {"subscribe in a scope",
     [](Fixture& f) { f.subscriptions.push_back(f.open_scope.subscribe<Price>(ignore, options)); }},
    {"scope.history", [](Fixture& f) { (void)f.open_scope.history().query(); }},
    {"query", [](Fixture& f) { (void)f.bus.history().query({.pattern = "market.*", .source = text}); }},
    {"query a type",
     [](Fixture& f) { (void)f.bus.history().query<Price>({.where = [](const Record&) { return true; }}); }},
    {"latest", [](Fixture& f) { (void)f.bus.latest<Price>(text); }},
    {"trace", [](Fixture& f) { (void)f.bus.history().trace(2); }},
    {"as_of", [](Fixture& f) { (void)f.bus.history().as_of(Seq{1}).query(); }},
    {"set_policies",
     [](Fixture& f) {
         f.bus.history().set_policies({{"test.*", BucketRing{.capacity = 1}}});
     }},
    {"stats", [](Fixture& f) { (void)to_json(f.bus.stats()); }},
    {"subscription.stats", [](Fixture& f) { (void)f.standing.stats(); }},
    {"to_json", [](Fixture& f) { (void)to_json(*f.bus.history().find(1)); }},
};

TEST_CASE("whichever allocation of an operation fails, it has not been made", "[strong_guarantee][promise-6]") {
    std::size_t points = 0;
    for (const Operation& operation : operations) {
        INFO(operation.name);
        // What threads and types keep for good is there after the first time.
        {
            Fixture first;
            operation.call(first);
        }
        for (std::size_t count = 0;; ++count) {
            std::size_t bytes_before = 0;
            bool threw = false, state_kept = true, works = false;
            // Twice: a thread keeps memory of the newest envelope, which is another one after the first time.
            for (int round = 0; round < 2; ++round) {
                bytes_before = allocated_bytes;
                threw = false;
                Fixture fixture;
                const std::string before = fixture.state();
                try {
                    const FailAllocationsAfter few(count);
                    operation.call(fixture);
                } catch (const std::bad_alloc&) {
                    threw = true;
                }
                if (threw) {
                    state_kept = state_kept && fixture.state() == before;
                    operation.call(fixture);
                }
                const Receipt receipt = fixture.bus.emit(price);
                fixture.bus.run_pending();
                works = (round == 0 || works) && receipt && fixture.bus.history().find(receipt.seq) &&
                        fixture.standing.connected();
            }
            const bool leaks = allocated_bytes != bytes_before;
            INFO("allocations that succeed: " << count);
            CHECK(state_kept);
            CHECK(works);
            CHECK_FALSE(leaks);
            if (!threw) {
                points += count;
                break;
            }
        }
    }
    CHECK(points > operations.size());
    std::printf("%zu operations, %zu allocations that failed\n", operations.size(), points);
}

}  // namespace

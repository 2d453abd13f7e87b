// Promise 6 for what is emitted later: when memory runs out, at any place, a call did nothing or everything; and an
// emit that has nobody to throw to is counted and told.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const Price event{"a symbol that is too long to be kept in place", 5};

struct Bus {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    int told = 0;
    int calls = 0;
    SingleThreadedBus bus{{.clock = clock, .on_error = [this](const HandlerError&) { ++told; }}};
    Subscription counting = bus.subscribe<Price>([this](const Price&) { ++calls; }, {.delivery = Delivery::direct});
};

TEST_CASE("when memory runs out an event is either scheduled or not", "[schedules][promise-6]") {
    const bool warm = GENERATE(false, true);
    for (std::size_t count = 0;; ++count) {
        Bus test;
        if (warm) test.bus.emit_after(1h, event).detach();
        bool threw = false;
        Scheduled scheduled;
        try {
            const FailAllocationsAfter few(count);
            scheduled = test.bus.emit_after(1s, event);
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        CHECK(test.bus.stats().schedules.waiting == (threw ? 0u : 1u) + (warm ? 1u : 0u));
        test.clock->advance(1s);
        test.bus.run_pending();
        CHECK(test.calls == (threw ? 0 : 1));
        if (!threw) {
            CHECK(count > 0);
            break;
        }
    }
}

TEST_CASE("when memory runs out an emit is made later or told, never both", "[schedules][promise-8]") {
    for (std::size_t count = 0;; ++count) {
        Bus test;
        const Scheduled every = test.bus.emit_every(1s, event);
        test.clock->advance(1s);
        {
            const FailAllocationsAfter few(count);
            test.bus.run_pending();
        }
        const bool failed = every.failed() == 1;
        CHECK(every.failed() + every.emitted() == 1);
        CHECK(test.calls == (failed ? 0 : 1));
        CHECK(test.told <= (failed ? 1 : 0));  // telling takes memory, too
        test.clock->advance(1s);
        test.bus.run_pending();
        CHECK(test.calls == (failed ? 1 : 2));
        if (!failed) {
            CHECK(count > 0);
            break;
        }
    }
}

}  // namespace

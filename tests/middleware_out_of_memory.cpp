// Promise 6: when memory runs out in or around middleware, an event is emitted as middleware has left it, or not at
// all.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/middlewares.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Outcome;
using hindsight::Receipt;
using namespace hindsight::test;

namespace {

constexpr const char* long_text = "a text that is too long to be kept in place";

/// A bus whose events are changed by several middlewares.
struct Changing {
    Changing()
        : bus({.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}}),
          limit(bus.use(hindsight::rate_limit({.events = 1000, .by = hindsight::by_source}))),
          once(bus.use(hindsight::deduplicate({.window = std::chrono::hours(1)}))),
          change(bus.use<Price>([](Price& price, DraftView& draft) {
              price.symbol = long_text;
              draft.set_source(long_text);
              draft.set_metadata("name", long_text);
              if (price.cents == 2) draft.veto(long_text);
          })),
          handler(bus.subscribe<Price>([this](const Price& price) { calls += price.symbol == long_text ? 1 : 100; },
                                       {.delivery = Delivery::direct})) {}

    EventBus bus;
    int calls = 0;
    hindsight::Middleware limit, once, change;
    hindsight::Subscription handler;
};

TEST_CASE("when memory runs out an event is emitted as middleware has left it, or not at all",
          "[middleware][strong_guarantee][promise-6]") {
    const int cents = GENERATE(1, 2);  // 2 is vetoed
    bool enough = false;
    std::size_t count = 0;
    for (; !enough; ++count) {
        const auto changing = std::make_unique<Changing>();
        const Price event{"apple, in a text that is too long to be kept in place", cents};
        Receipt receipt;
        bool thrown = false;
        {
            const FailAllocationsAfter limit(count);
            try {
                receipt = changing->bus.emit(event);
            } catch (const std::bad_alloc&) {
                thrown = true;
            }
            enough = allocations_left != 0;
        }
        CHECK(event.symbol != long_text);
        const auto records = changing->bus.history().query<Price>();
        if (receipt) {
            REQUIRE(records.size() == 1);
            CHECK(cents == 1);
            CHECK(changing->calls == 1);
            CHECK(records[0]->symbol == long_text);
            CHECK(records[0].source() == long_text);
            CHECK(records[0].metadata("name") == long_text);
        } else {
            CHECK(records.empty());
            CHECK(changing->calls == 0);
            CHECK(thrown == (receipt.outcome == Outcome::closed));  // as it was before the call
        }
        if (enough) CHECK((cents == 1 ? bool(receipt) : receipt.reason() == long_text));
        CHECK(changing->bus.emit(Tick{}));
    }
    CHECK(count > 10);
}

}  // namespace

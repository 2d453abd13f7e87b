// Middleware that uses the bus, removes itself, or ends the bus.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/meddling.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::Middleware;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("middleware may emit others, which inherit and go past it alone", "[middleware]") {
    EventBus bus;
    int outer = 0, other = 0;
    const auto audit = bus.use([&](DraftView&) {
        ++outer;
        bus.emit(Tock{outer});
    });
    const auto counting = bus.use([&](DraftView&) { ++other; });
    bus.emit(Tick{}, {.correlation = "c", .cause = 9});
    CHECK(outer == 1);
    CHECK(other == 2);
    const auto records = bus.history().query();
    REQUIRE(records.size() == 2);
    CHECK(records[0].name() == "test.tock");
    CHECK(records[0].correlation() == "c");
    CHECK(records[0].cause() == 9);
    CHECK(records[1].name() == "test.tick");
}

TEST_CASE("what middleware emits has the cause of the event that is emitted inside a handler", "[middleware]") {
    EventBus bus;
    const auto audit = bus.use<Tock>([&](const Tock&) { bus.emit(NamedEvent{"audit.tock"}); });
    const auto handler = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); }, {.delivery = Delivery::direct});
    const Receipt tick = bus.emit(Tick{}, {.correlation = "c"});
    const Record audited = bus.history().query({.name = "audit.tock"}).at(0);
    CHECK(audited.cause() == tick.seq);
    CHECK(audited.correlation() == "c");
    const Record tock = bus.history().query({.name = "test.tock"}).at(0);
    CHECK(tock.cause() == tick.seq);
}

TEST_CASE("middleware that emits for each other's events comes to an end", "[middleware][promise-9]") {
    EventBus bus({.max_depth = 10});
    int calls = 0;
    const auto ping = bus.use<Tick>([&](const Tick&) {
        ++calls;
        bus.emit(Tock{});
    });
    const auto pong = bus.use<Tock>([&](const Tock&) {
        ++calls;
        bus.emit(Tick{});
    });
    CHECK(bus.emit(Tick{}));
    CHECK(calls == 2);
}

TEST_CASE("an event meets middleware once, however often its emission begins again", "[middleware]") {
    EventBus bus({.pool = {.threads = 0}});
    std::vector<Subscription> late;
    int calls = 0;
    const auto middleware = bus.use<Tick>([&](Tick& tick) {
        ++calls;
        tick.number = 5;
        late.push_back(bus.subscribe<Tick>([](const Tick&) {}));
        bus.history().set_policies({});
    });
    int number = 0;
    const auto filtered = bus.subscribe<Tick>([&](const Tick& tick) { number = tick.number; },
                                              {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                   late.push_back(bus.subscribe<Tick>([](const Tick&) {}));
                                                   return true;
                                               }});
    const Tick given{1};
    const Receipt receipt = bus.emit(given);
    CHECK(calls == 1);
    CHECK(number == 5);
    CHECK(receipt.outcome == Outcome::recorded);
    CHECK(receipt.matched == 3);  // those that have subscribed meanwhile, too
    CHECK(given.number == 1);
}

TEST_CASE("middleware ends with its handle", "[middleware][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    {
        const auto middleware = bus.use([state](DraftView&) { ++*state; });
        CHECK(middleware.connected());
        bus.emit(Tick{});
        CHECK(*state == 1);
    }
    CHECK(state.use_count() == 1);
    bus.emit(Tick{});
    CHECK(*state == 1);
    CHECK(bus.stats().middleware.empty());

    Middleware second = bus.use([state](DraftView&) { ++*state; });
    Middleware moved = std::move(second);
    bus.emit(Tick{});
    CHECK(*state == 2);
    CHECK(moved.disconnect());
    CHECK(state.use_count() == 1);
    CHECK_FALSE(moved.connected());
    CHECK(moved.stats().passed == 1);
    CHECK(bus.stats().delivered == 0);

    bus.use([state](DraftView&) { ++*state; }).detach();
    bus.emit(Tick{});
    CHECK(*state == 3);
}

TEST_CASE("middleware may remove itself", "[middleware][promise-5]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    Middleware middleware;
    SECTION("by its handle") {
        middleware = bus.use([&, state](DraftView&) {
            ++*state;
            CHECK_FALSE(middleware.disconnect());
        });
    }
    SECTION("as the innermost handler") {
        middleware = bus.use([state](DraftView&) {
            ++*state;
            CHECK(hindsight::this_handler::record() == nullptr);
            hindsight::this_handler::disconnect();
        });
    }
    CHECK(bus.emit(Tick{}));
    CHECK(bus.emit(Tick{}));
    CHECK(*state == 1);
    CHECK(state.use_count() == 1);
}

TEST_CASE("middleware may use the bus, and so may other threads meanwhile", "[middleware][promise-4]") {
    EventBus bus;
    Actions use{&bus};
    const auto middleware = bus.use<Tick>([&](const Tick&) { use(); });
    CHECK(bus.emit(Tick{}));
    CHECK(use.runs == 1);
}

TEST_CASE("an event's copy, key and size functions may use the bus inside middleware", "[middleware][promise-4]") {
    EventBus bus;
    const auto middleware = bus.use<Meddler>([](Meddler&) {});
    const auto moment = GENERATE(Meddler::Moment::copy, Meddler::Moment::key, Meddler::Moment::size);
    Actions use{&bus};
    const Meddler event(moment);
    actions = &use;
    CHECK(bus.emit(event));
    actions = nullptr;
    CHECK(use.runs >= 1);
    CHECK(use.runs < too_many_runs);
}

TEST_CASE("waiting inside middleware for a receipt would never end", "[middleware][promise-9]") {
    EventBus bus({.pool = {.threads = 0}});
    const auto handler = bus.subscribe<Tock>([](const Tock&) {});
    int thrown = 0;
    const auto middleware = bus.use<Tick>([&](const Tick&) {
        const Receipt receipt = bus.emit(Tock{});
        CHECK_THROWS_AS(receipt.wait(), hindsight::WouldDeadlock);
        ++thrown;
    });
    bus.emit(Tick{});
    CHECK(thrown == 1);
}

TEST_CASE("an event that middleware holds up while the bus ends is refused", "[middleware]") {
    const bool keeps = GENERATE(true, false);  // without history nothing else asks whether the bus is open
    auto bus = std::make_unique<EventBus>(hindsight::BusOptions{.history = {.capacity = keeps ? 100u : 0u}});
    int calls = 0;
    bus->subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct}).detach();
    const bool destroys = GENERATE(false, true);
    bus->use([&](DraftView&) {
           if (destroys) {
               bus.reset();
           } else {
               bus->shutdown(std::chrono::seconds(1));
           }
       })
        .detach();
    int redacted = 0;
    bus->use([&](DraftView&) { ++redacted; }).detach();
    const Receipt receipt = bus->emit(Tick{});
    CHECK(receipt.outcome == Outcome::closed);
    CHECK(receipt.seq == 0);
    CHECK(calls == 0);
    CHECK(redacted == 0);
}

}  // namespace

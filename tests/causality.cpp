#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InlineExecutor;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Seq;
using hindsight::SingleThreadedBus;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// The newest record of that name.
Record newest(const EventBus& bus, const std::string& name) {
    return bus.history().query({.name = name, .limit = 1}).at(0);
}

std::string correlation_of(const Record& record) {
    return std::string(record.correlation());
}

/// A handler of ticks that emits a tock, in each form that handlers have.
Subscription answer_with_tock(EventBus& bus, const std::string& form, Delivery delivery) {
    const auto answer = [&bus] { bus.emit(Tock{}); };
    const hindsight::SubscribeOptions options{.delivery = delivery};
    if (form == "event") return bus.subscribe<Tick>([=](const Tick&) { answer(); }, options);
    if (form == "record") return bus.subscribe<Tick>([=](const Record&) { answer(); }, options);
    if (form == "both") return bus.subscribe<Tick>([=](const Tick&, const Record&) { answer(); }, options);
    return bus.subscribe(
        "test.tick", [=](const Record&) { answer(); }, options);
}

TEST_CASE("what a handler emits has the handled event as cause and its correlation, whatever the handler's form",
          "[causality]") {
    const std::string form = GENERATE("event", "record", "both", "pattern");
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const bool keeps_ticks = GENERATE(true, false);
    EventBus bus{{.history = {.policies = {{keeps_ticks ? "nobody" : "test.tick", hindsight::KeepNone{}}}}}};
    std::atomic<Seq> cause{0};
    const auto answering = answer_with_tock(bus, form, delivery);
    const auto seen = bus.subscribe<Tock>([&](const Record& tock) { cause = tock.cause(); });
    bus.emit(Tick{}).wait();  // from the second one on, events may go shorter ways
    const auto receipt = bus.emit(Tick{}, {.correlation = "c"});
    receipt.wait();
    const Record tock = newest(bus, "test.tock");
    CHECK(tock.cause() == receipt.seq);
    CHECK(tock.correlation() == "c");
    bus.shutdown(std::chrono::seconds(30));
    CHECK(cause == receipt.seq);
}

TEST_CASE("a chain of handlers on many threads keeps causes and correlations apart", "[causality]") {
    constexpr int chains = 40;
    constexpr int length = 10;
    EventBus bus{{.history = {.capacity = chains * length * 2}, .pool = {.threads = 4}}};
    // Each link is one of two subscriptions, so that a chain goes from thread to thread.
    const auto go_on = [&](int number) {
        if (number % length != length - 1) bus.emit(Tick{number + 1});
    };
    const auto even =
        bus.subscribe<Tick>([&](const Tick& tick) { go_on(tick.number); },
                            {.filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number % 2 == 0; })});
    const auto odd =
        bus.subscribe<Tick>([&](const Tick& tick) { go_on(tick.number); },
                            {.filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number % 2 == 1; })});
    std::vector<std::thread> emitters;
    for (int first = 0; first < 2; ++first) {
        emitters.emplace_back([&, first] {
            for (int chain = first; chain < chains; chain += 2) {
                const std::string correlation = "chain " + std::to_string(chain);
                bus.emit(Tick{chain * length}, {.correlation = correlation});
            }
        });
    }
    for (std::thread& emitter : emitters) emitter.join();
    REQUIRE(bus.shutdown(std::chrono::seconds(30)).drained);

    const auto ticks = bus.history().query<Tick>();
    REQUIRE(ticks.size() == chains * length);
    for (const auto& tick : ticks) {
        CHECK(tick.correlation() == "chain " + std::to_string(tick->number / length));
        if (tick->number % length == 0) {
            CHECK(tick.cause() == 0);
        } else {
            const auto cause = bus.history().find(tick.cause());
            REQUIRE(cause);
            CHECK(cause->as<Tick>().number == tick->number - 1);
        }
    }
}

TEST_CASE("in nested handlers the innermost event is the cause, and the outer one again after it", "[causality]") {
    const bool inside = GENERATE(true, false);
    EventBus bus{{.executor = inside ? std::make_shared<InlineExecutor>() : nullptr}};
    const hindsight::SubscribeOptions options{.delivery = inside ? Delivery::queued : Delivery::direct};
    const auto on_tock = bus.subscribe<Tock>([&](const Tock&) { bus.emit(NamedEvent{"inner.event"}); }, options);
    const auto on_tick = bus.subscribe<Tick>(
        [&](const Tick&) {
            bus.emit(Tock{});
            bus.emit(NamedEvent{"outer.event"});
        },
        options);
    bus.emit(Tick{});
    const Seq tick = bus.emit(Tick{}).seq;
    const Record tock = newest(bus, "test.tock");
    CHECK(tock.cause() == tick);
    CHECK(newest(bus, "inner.event").cause() == tock.seq());
    CHECK(newest(bus, "outer.event").cause() == tick);
}

TEST_CASE("ids that are given by hand are kept, each by itself", "[causality]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    const auto on_tick = bus.subscribe<Tick>(
        [&](const Tick&) {
            bus.emit(NamedEvent{"both.given"}, {.correlation = "own", .cause = 77});
            bus.emit(NamedEvent{"cause.given"}, {.cause = 77});
            bus.emit(NamedEvent{"correlation.given"}, {.correlation = "own"});
        },
        {.delivery = delivery});
    bus.emit(Tick{}, {.correlation = "c"}).wait();
    CHECK(newest(bus, "both.given").cause() == 77);
    CHECK(correlation_of(newest(bus, "both.given")) == "own");
    CHECK(newest(bus, "cause.given").cause() == 77);
    CHECK(correlation_of(newest(bus, "cause.given")) == "c");
    CHECK(newest(bus, "correlation.given").cause() == 1);
    CHECK(correlation_of(newest(bus, "correlation.given")) == "own");
}

TEST_CASE("ids that are given by hand are passed on", "[causality]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    const auto on_tock = bus.subscribe<Tock>([&](const Tock&) { bus.emit(Price{}); }, {.delivery = delivery});
    const auto on_tick =
        bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}, {.correlation = "own"}); }, {.delivery = delivery});
    bus.emit(Tick{}, {.correlation = "c"});
    bus.shutdown(std::chrono::seconds(30));
    CHECK(newest(bus, "market.price").cause() == newest(bus, "test.tock").seq());
    CHECK(correlation_of(newest(bus, "market.price")) == "own");
}

TEST_CASE("what is emitted after a handler, or on another thread, has no cause", "[causality]") {
    EventBus bus;
    const auto on_tick = bus.subscribe<Tick>([&](const Tick&) { std::thread([&] { bus.emit(Tock{}); }).join(); },
                                             {.delivery = Delivery::direct});
    bus.emit(Tick{}, {.correlation = "c"});
    CHECK(newest(bus, "test.tock").cause() == 0);
    CHECK(correlation_of(newest(bus, "test.tock")).empty());
    bus.emit(Tock{});
    CHECK(newest(bus, "test.tock").cause() == 0);
}

TEST_CASE("a handler of another bus in between hides nothing", "[causality]") {
    EventBus here, there;
    const auto back = there.subscribe<Tock>([&](const Tock&) { here.emit(Price{}); }, {.delivery = Delivery::direct});
    const auto away = here.subscribe<Tick>([&](const Tick&) { there.emit(Tock{}); }, {.delivery = Delivery::direct});
    const Seq tick = here.emit(Tick{}).seq;
    CHECK(newest(there, "test.tock").cause() == 0);
    CHECK(newest(here, "market.price").cause() == tick);
}

struct KeepAndEmit {
    bool should_store(const Record&) const {
        (*emit)();
        return true;
    }
    std::size_t capacity() const { return 10; }
    std::shared_ptr<std::function<void()>> emit = std::make_shared<std::function<void()>>();
};

TEST_CASE("what filters and policies emit belongs to the handler around them", "[causality]") {
    const KeepAndEmit policy;
    EventBus bus{{.history = {.policies = {{"test.tock", policy}}}}};
    *policy.emit = [&] { bus.emit(NamedEvent{"of.policy"}); };
    const auto filtered =
        bus.subscribe<Tock>([](const Tock&) {}, {.delivery = Delivery::direct, .filter = [&](const Record&) {
                                                     bus.emit(Price{});
                                                     return false;
                                                 }});
    bus.emit(Tock{});
    CHECK(newest(bus, "market.price").cause() == 0);
    CHECK(newest(bus, "of.policy").cause() == 0);
    const auto on_tick = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); }, {.delivery = Delivery::direct});
    const Seq tick = bus.emit(Tick{}, {.correlation = "c"}).seq;
    CHECK(newest(bus, "market.price").cause() == tick);
    CHECK(correlation_of(newest(bus, "market.price")) == "c");
    CHECK(newest(bus, "of.policy").cause() == tick);
    CHECK(correlation_of(newest(bus, "of.policy")) == "c");
}

TEST_CASE("a failure has the failed event as cause, and its correlation", "[causality]") {
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    const bool in_filter = GENERATE(true, false);
    const bool takes_record = GENERATE(true, false);
    const auto fail = [] { throw std::runtime_error("broken"); };
    Subscription failing;
    if (in_filter) {
        failing = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct, .filter = [=](const Record&) {
                                                               fail();
                                                               return true;
                                                           }});
    } else if (takes_record) {
        failing = bus.subscribe<Tick>([=](const Record&) { fail(); }, {.delivery = Delivery::direct});
    } else {
        failing = bus.subscribe<Tick>([=](const Tick&) { fail(); }, {.delivery = Delivery::direct});
    }
    const Seq tick = bus.emit(Tick{}, {.correlation = "c"}).seq;
    const auto failures = bus.history().query<HandlerError>();
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].cause() == tick);
    CHECK(failures[0].correlation() == "c");
}

TEST_CASE("causes are known on a bus of one thread, too", "[causality]") {
    SingleThreadedBus bus;
    const auto on_tick = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); });
    const Seq tick = bus.emit(Tick{}, {.correlation = "c"}).seq;
    bus.run_pending();
    const auto tocks = bus.history().query<Tock>();
    REQUIRE(tocks.size() == 1);
    CHECK(tocks[0].cause() == tick);
    CHECK(tocks[0].correlation() == "c");
}

}  // namespace

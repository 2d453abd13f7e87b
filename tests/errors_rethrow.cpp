// ErrorPolicy::rethrow, and how deeply handlers may emit inside handlers.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using hindsight::Delivery;
using hindsight::ErrorPolicy;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::HandlerFailed;
using hindsight::Outcome;
using hindsight::Record;
using namespace hindsight::test;

namespace {

constexpr auto ignore_errors = [](const HandlerError&) {};

TEST_CASE("rethrow throws after all direct handlers have run, with the receipt and every exception",
          "[errors][rethrow][promise-6]") {
    // Events that history keeps and events that it does not take different ways.
    const std::size_t capacity = GENERATE(0u, 10u);
    EventBus bus({.history = {.capacity = capacity}, .errors = ErrorPolicy::rethrow, .on_error = ignore_errors});
    std::string calls;
    const auto a = bus.subscribe<Tick>(
        [&](const Tick&) {
            calls += 'a';
            throw std::runtime_error("first");
        },
        {.delivery = Delivery::direct});
    const auto b = bus.subscribe<Tick>([&](const Tick&) { calls += 'b'; }, {.delivery = Delivery::direct});
    const auto c = bus.subscribe<Tick>(
        [&](const Tick&) {
            calls += 'c';
            throw 3;
        },
        {.delivery = Delivery::direct});
    try {
        bus.emit(Tick{});
        FAIL("it does not throw");
    } catch (const HandlerFailed& failed) {
        CHECK(calls == "abc");
        CHECK(failed.receipt.seq == 1);
        CHECK(failed.receipt.outcome == (capacity == 0 ? Outcome::not_kept : Outcome::recorded));
        CHECK(failed.receipt.matched == 3);
        REQUIRE(failed.errors.size() == 2);
        CHECK_THROWS_AS(std::rethrow_exception(failed.errors[0]), std::runtime_error);
        CHECK_THROWS_AS(std::rethrow_exception(failed.errors[1]), int);
        CHECK_FALSE(std::string(failed.what()).empty());
    }
    CHECK(bus.history().size() - bus.history().query({.name = "hindsight.handler_error"}).size() ==
          (capacity == 0 ? 0 : 1));
    CHECK(bus.stats().failed == 2);
    CHECK(bus.stats().emitted >= 1);
}

TEST_CASE("the receipt in a rethrown failure can be waited on", "[errors][rethrow]") {
    EventBus bus({.errors = ErrorPolicy::rethrow, .on_error = ignore_errors});
    int handled = 0;
    const auto direct = bus.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
    const auto queued = bus.subscribe<Tick>([&](const Tick&) { ++handled; });
    try {
        bus.emit(Tick{});
        FAIL("it does not throw");
    } catch (const HandlerFailed& failed) {
        CHECK(failed.receipt.queued == 1);
        failed.receipt.wait();
        CHECK(handled == 1);
    }
}

TEST_CASE("rethrow concerns direct handlers only", "[errors][rethrow]") {
    std::atomic<int> errors{0};
    EventBus bus({.errors = ErrorPolicy::rethrow, .on_error = [&](const HandlerError&) { ++errors; }});
    const auto queued = bus.subscribe<Tick>([](const Tick&) { throw 1; });
    const auto filtered = bus.subscribe<Tick>(
        [](const Tick&) {}, {.delivery = Delivery::direct, .filter = [](const Record&) -> bool { throw 2; }});
    CHECK_NOTHROW(bus.emit(Tick{}).wait());
    bus.shutdown(patience);
    CHECK(errors == 2);
}

TEST_CASE("a nested failure is the outer handler's too unless it catches it", "[errors][rethrow]") {
    EventBus bus({.errors = ErrorPolicy::rethrow, .on_error = ignore_errors});
    const auto inner =
        bus.subscribe<Tock>([](const Tock&) { throw std::runtime_error("inner"); }, {.delivery = Delivery::direct});
    bool catches = false;
    const auto outer = bus.subscribe<Tick>(
        [&](const Tick&) {
            try {
                bus.emit(Tock{});
            } catch (const HandlerFailed&) {
                if (!catches) throw;
            }
        },
        {.delivery = Delivery::direct});
    CHECK_THROWS_AS(bus.emit(Tick{}), HandlerFailed);
    CHECK(outer.stats().failed == 1);
    catches = true;
    CHECK_NOTHROW(bus.emit(Tick{}));
    CHECK(outer.stats().failed == 1);
    CHECK(inner.stats().failed == 2);
}

TEST_CASE("with rethrow, a failing handler of failures hides nothing from the error handler",
          "[errors][rethrow][promise-3]") {
    std::vector<std::string> told;
    EventBus bus({.errors = ErrorPolicy::rethrow,
                  .on_error = [&](const HandlerError& error) { told.push_back(error.handler); }});
    const auto watcher = bus.subscribe<HandlerError>([](const HandlerError&) { throw std::runtime_error("watcher"); },
                                                     {.name = "watcher", .delivery = Delivery::direct});
    const auto failing = bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("failing"); },
                                             {.name = "failing", .delivery = Delivery::direct});
    try {
        bus.emit(Tick{});
        FAIL("it does not throw");
    } catch (const HandlerFailed& failed) {
        CHECK(failed.receipt.seq == 1);
        CHECK(failed.errors.size() == 1);
    }
    CHECK(told == std::vector<std::string>{"watcher", "failing"});
}

TEST_CASE("events nested too deeply are refused and counted, the others delivered", "[errors][depth]") {
    EventBus bus({.max_depth = 5});
    int calls = 0;
    Outcome deepest = Outcome::recorded;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            ++calls;
            const auto receipt = bus.emit(Tick{});
            if (!receipt) deepest = receipt.outcome;
        },
        {.delivery = Delivery::direct});
    CHECK(bus.emit(Tick{}).outcome == Outcome::recorded);
    CHECK(calls == 5);
    CHECK(deepest == Outcome::too_deep);
    CHECK(bus.history().size() == 5);
    CHECK(bus.history().last_seq() == 5);
    CHECK(bus.stats().refused_too_deep == 1);
    CHECK(bus.stats().emitted == 5);
    // The depth is that of this moment: the bus goes on.
    calls = 0;
    bus.emit(Tick{});
    CHECK(calls == 5);
}

TEST_CASE("256 levels are allowed unless the options say otherwise and none is refused", "[errors][depth]") {
    EventBus bus;
    int calls = 0;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            ++calls;
            bus.emit(Tick{});
        },
        {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK(calls == 256);
    CHECK_THROWS_AS(EventBus({.max_depth = 0}), hindsight::InvalidArgument);
}

TEST_CASE("a filter or policy that emits the event it is asked about ends at the greatest depth", "[errors][depth]") {
    struct EmittingPolicy {
        EventBus** bus;
        bool should_store(const Record&) const {
            if (*bus != nullptr) (*bus)->emit(Tick{});
            return true;
        }
        std::size_t capacity() const { return 10; }
    };
    EventBus* target = nullptr;
    EventBus bus({.history = {.policies = {{"test.tick", EmittingPolicy{&target}}}}, .max_depth = 8});
    target = &bus;
    CHECK(bus.emit(Tick{}));
    CHECK(bus.stats().emitted == 8);
    CHECK(bus.stats().refused_too_deep == 1);
    target = nullptr;
}

}  // namespace

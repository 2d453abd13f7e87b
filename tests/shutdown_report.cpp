// What a shutdown, and the destructor, tell about events that they could not deliver.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using hindsight::Duration;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

TEST_CASE("what cannot be delivered in time is reported for each subscription", "[shutdown][promise-8]") {
    EventBus bus;
    const auto stuck = std::make_shared<ManualExecutor>();
    int delivered = 0;
    const auto a = bus.subscribe<Tick>([](const Tick&) {}, {.name = "stuck", .executor = stuck});
    const auto b = bus.subscribe("test.*", [](const Record&) {}, {.executor = stuck});
    const auto c = bus.subscribe<Tick>([&](const Tick&) { ++delivered; });
    const auto receipt = bus.emit(Tick{});
    bus.emit(Tick{});
    bus.emit(Tock{});
    const auto report = bus.shutdown(std::chrono::milliseconds(1));
    CHECK_FALSE(report.drained);
    REQUIRE(report.by_subscription.size() >= 2);
    CHECK(report.by_subscription[0].subscription == a.id());
    CHECK(report.by_subscription[0].name == "stuck");
    CHECK(report.by_subscription[0].pattern == "test.tick");
    CHECK(report.by_subscription[0].events == 2);
    CHECK(report.by_subscription[1].subscription == b.id());
    CHECK(report.by_subscription[1].pattern == "test.*");
    CHECK(report.by_subscription[1].events == 3);
    CHECK(report.undelivered >= 5);
    CHECK(bus.stats().discarded == report.undelivered);
    receipt.wait();
    stuck->run_all();
    CHECK(a.stats().delivered == 0);
}

TEST_CASE("a handler that runs on after the time is over means it was not drained", "[shutdown][promise-8]") {
    EventBus bus;
    std::latch entered(1), release(1);
    std::atomic<bool> returned{false};
    const auto executor = std::make_shared<ManualExecutor>();
    auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            release.wait();
            returned = true;
        },
        {.executor = executor});
    bus.emit(Tick{});
    bus.emit(Tick{});
    bus.emit(Tick{});
    auto runner = start([&] { executor->run_all(); });
    entered.wait();
    const auto report = bus.shutdown(Duration::zero());
    CHECK_FALSE(report.drained);
    CHECK_FALSE(returned);
    CHECK(report.undelivered == 2);
    release.count_down();
    get_soon(std::move(runner));
    CHECK(subscription.disconnect());
    CHECK(subscription.stats().delivered == 1);
    CHECK(subscription.stats().discarded == 2);
}

TEST_CASE("the one event whose handler runs on after the time is over was not handled in time",
          "[shutdown][promise-8]") {
    EventBus bus;
    std::latch entered(1), release(1);
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) {
        entered.count_down();
        release.wait();
    });
    bus.emit(Tick{});
    entered.wait();
    CHECK_FALSE(bus.shutdown(Duration::zero()).drained);
    release.count_down();
}

TEST_CASE("an event whose hole is being announced when time is over is reported", "[shutdown][promise-8]") {
    EventBus bus;
    std::latch entered(1), release(1);
    const auto executor = std::make_shared<ManualExecutor>();
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
                             .executor = executor,
                             .on_lagged = [&](const hindsight::Lagged&) {
                                 entered.count_down();
                                 release.wait();
                             }});
    bus.emit(Tick{});
    bus.emit(Tick{});
    auto runner = start([&] { executor->run_all(); });
    entered.wait();
    const auto report = bus.shutdown(Duration::zero());
    CHECK_FALSE(report.drained);
    CHECK(report.undelivered == 1);
    release.count_down();
    get_soon(std::move(runner));
    CHECK(subscription.stats().delivered == 0);
    CHECK(subscription.stats().discarded == 1);
}

TEST_CASE("the destructor drains, and gives what is left to the error handler", "[shutdown][promise-8]") {
    std::vector<std::string> told;
    const auto executor = std::make_shared<ManualExecutor>();
    int calls = 0;
    std::optional<EventBus> bus;
    bus.emplace(hindsight::BusOptions{.on_error =
                                          [&](const HandlerError& error) {
                                              told.push_back(error.handler +
                                                             std::to_string(error.record.as<Tick>().number));
                                              CHECK_THROWS_AS(std::rethrow_exception(error.error), hindsight::Closed);
                                          },
                                      .drain_on_destroy = std::chrono::milliseconds(1)});
    const auto stuck = bus->subscribe<Tick>([](const Tick&) {}, {.name = "stuck", .executor = executor});
    const auto working = bus->subscribe<Tock>([&](const Tock&) { ++calls; });
    bus->emit(Tick{1});
    bus->emit(Tick{2});
    for (int i = 0; i < 100; ++i) bus->emit(Tock{});
    SECTION("what has been delivered is not among it") {
        spin_until([&] { return working.stats().queue_depth == 0; });
        bus.reset();
        CHECK(calls == 100);
        CHECK(told == std::vector<std::string>{"stuck1", "stuck2"});
    }
    SECTION("not what a shutdown has reported already") {
        CHECK(bus->shutdown(std::chrono::milliseconds(1)).undelivered >= 2);
        bus.reset();
        CHECK(told.empty());
    }
    executor->run_all();
}

TEST_CASE("the destructor gives all that is left to the error handler, also what a turn has taken already",
          "[shutdown][promise-8]") {
    std::vector<int> told;
    std::latch entered(1);
    std::atomic<bool> release{false};
    const auto executor = std::make_shared<ManualExecutor>();
    const auto last_executor = std::make_shared<ManualExecutor>();
    std::optional<EventBus> bus;
    bus.emplace(hindsight::BusOptions{.on_error =
                                          [&](const HandlerError& error) {
                                              if (error.handler == "last") {
                                                  release = true;
                                              } else {
                                                  told.push_back(error.record.as<Tick>().number);
                                              }
                                          },
                                      .drain_on_destroy = Duration::zero()});
    const auto slow = bus->subscribe<Tick>(
        [&](const Tick&) {
            entered.count_down();
            spin_until([&] { return release.load(); });
        },
        {.name = "slow", .executor = executor});
    const auto last = bus->subscribe<Tick>([](const Tick&) {}, {.name = "last", .executor = last_executor});
    for (int i = 0; i < 10; ++i) bus->emit(Tick{i});
    auto runner = start([&] { executor->run_all(); });
    entered.wait();
    run_elsewhere([&] { bus.reset(); });
    get_soon(std::move(runner));
    CHECK(told == std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("the destructor does not tell of events whose subscription a handler ended meanwhile", "[shutdown]") {
    int told = 0;
    Subscription ended;
    {
        EventBus bus({.pool = {.threads = 0}, .on_error = [&](const HandlerError&) { ++told; }});
        bus.subscribe<Tick>([&](const Tick&) { ended.disconnect(); }).detach();
        ended = bus.subscribe<Tick>([](const Tick&) {});
        for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    }
    CHECK(ended.stats().discarded == 3);
    CHECK(told == 0);
}

}  // namespace

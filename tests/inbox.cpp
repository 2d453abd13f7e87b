// Inboxes: what is read, in which order, and what becomes of what is not.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Inbox;
using hindsight::Lagged;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;
using hindsight::SubscribeOptions;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

std::vector<int> numbers_of(const std::vector<hindsight::TypedRecord<Tick>>& ticks) {
    std::vector<int> numbers;
    for (const auto& tick : ticks) numbers.push_back(tick->number);
    return numbers;
}

TEST_CASE("an inbox gives the events of its type in seq order, and then nothing", "[inbox]") {
    EventBus bus;
    bus.emit(Tick{0});
    auto inbox = bus.inbox<Tick>();
    CHECK_FALSE(inbox.try_next());
    bus.emit(Tick{1});
    bus.emit(Tock{1});
    bus.emit(Tick{2});
    const auto first = inbox.try_next();
    REQUIRE(first);
    CHECK((*first)->number == 1);
    CHECK(first->seq() == 2);
    CHECK(numbers_of(inbox.drain()) == std::vector{2});
    CHECK(inbox.drain().empty());
    CHECK(inbox.stats().delivered == 2);
    CHECK(inbox.stats().queue_depth == 0);
}

TEST_CASE("an inbox of a pattern gives records", "[inbox]") {
    EventBus bus;
    auto inbox = bus.inbox("test.*");
    bus.emit(Tick{1});
    bus.emit(Price{"apple", 3});
    bus.emit(Tock{2});
    const std::vector<Record> records = inbox.drain();
    REQUIRE(records.size() == 2);
    CHECK(records[0].as<Tick>().number == 1);
    CHECK(records[1].name() == "test.tock");
}

TEST_CASE("an inbox takes the options of a queued subscription", "[inbox]") {
    EventBus bus;
    for (int i = 1; i <= 5; ++i) bus.emit(Tick{i});
    SECTION("filter and name") {
        auto inbox = bus.inbox<Tick>(
            {.name = "odd", .filter = hindsight::where<Tick>([](const Tick& tick) { return tick.number % 2 == 1; })});
        for (int i = 6; i <= 9; ++i) bus.emit(Tick{i});
        CHECK(numbers_of(inbox.drain()) == std::vector{7, 9});
        CHECK(inbox.stats().filtered == 2);
        CHECK(inbox.stats().name == "odd");
    }
    SECTION("replay") {
        auto inbox = bus.inbox<Tick>({.replay = Replay::last(2)});
        bus.emit(Tick{6});
        CHECK(numbers_of(inbox.drain()) == std::vector{4, 5, 6});
    }
    SECTION("max_deliveries") {
        auto inbox = bus.inbox<Tick>({.max_deliveries = 2});
        for (int i = 6; i <= 9; ++i) bus.emit(Tick{i});
        CHECK(inbox.connected());
        CHECK(numbers_of(inbox.drain()) == std::vector{6, 7});
        CHECK_FALSE(inbox.connected());
        CHECK_FALSE(inbox.next_for(1h));
        CHECK(bus.stats().discarded == 2);
    }
    SECTION("pause") {
        auto inbox = bus.inbox<Tick>();
        bus.emit(Tick{6});
        inbox.pause();
        bus.emit(Tick{7});
        inbox.resume();
        bus.emit(Tick{8});
        CHECK(numbers_of(inbox.drain()) == std::vector{6, 8});
        CHECK(inbox.stats().skipped == 1);
    }
    SECTION("conflate") {
        auto inbox = bus.inbox<Price>({.mailbox = {.overflow = Overflow::conflate}});
        bus.emit(Price{"apple", 1});
        bus.emit(Price{"pear", 2});
        bus.emit(Price{"apple", 3});
        const auto prices = inbox.drain();
        REQUIRE(prices.size() == 2);
        CHECK(prices[0]->symbol == "pear");
        CHECK(prices[1]->cents == 3);
        CHECK(inbox.missed() == 0);
    }
}

TEST_CASE("options without sense for an inbox are refused", "[inbox]") {
    EventBus bus;
    using hindsight::InvalidArgument;
    CHECK(refuses<InvalidArgument>("delivery", [&] { (void)bus.inbox<Tick>({.delivery = Delivery::direct}); }));
    CHECK(refuses<InvalidArgument>("executor",
                                   [&] { (void)bus.inbox<Tick>({.executor = std::make_shared<ManualExecutor>()}); }));
    CHECK(refuses<InvalidArgument>("capacity", [&] { (void)bus.inbox<Tick>({.mailbox = {.capacity = 0}}); }));
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("missed counts what a full inbox dropped, and on_lagged hears of it between the events",
          "[inbox][promise-8]") {
    EventBus bus;
    std::vector<std::string> seen;
    auto inbox = bus.inbox<Tick>(
        {.mailbox = {.capacity = 2, .overflow = Overflow::drop_oldest}, .on_lagged = [&](const Lagged& hole) {
             seen.push_back("missed " + std::to_string(hole.missed));
             CHECK(hindsight::this_handler::reread(hole).records.size() == hole.missed);
         }});
    for (int i = 1; i <= 5; ++i) bus.emit(Tick{i});
    CHECK(inbox.missed() == 3);
    while (const auto tick = inbox.try_next()) seen.push_back(std::to_string((*tick)->number));
    CHECK(seen == std::vector<std::string>{"missed 3", "4", "5"});
}

TEST_CASE("a thread that reads an inbox does not wait for room in it", "[inbox][promise-9]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = 2, .hard_limit = 4}});
    for (int i = 1; i <= 6; ++i) bus.emit(Tick{i});
    CHECK(inbox.missed() == 2);
    CHECK(numbers_of(inbox.drain()) == std::vector{1, 2, 3, 4});
}

TEST_CASE("reading makes room for emitters that wait", "[inbox][block]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = 2}});
    auto emitter = start([&] {
        for (int i = 1; i <= 100; ++i) bus.emit(Tick{i});
    });
    for (int i = 1; i <= 100; ++i) {
        const auto tick = inbox.next_for(patience);
        REQUIRE(tick);
        REQUIRE((*tick)->number == i);
    }
    get_soon(std::move(emitter));
    CHECK(inbox.missed() == 0);
}

TEST_CASE("a receipt counts an event as handled when it has been read", "[inbox]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>({.name = "mine"});
    const auto receipt = bus.emit(Tick{1});
    CHECK(receipt.queued == 1);
    CHECK_FALSE(run_elsewhere([&] { return receipt.wait_for(0ms); }));
    CHECK(refuses<hindsight::WouldDeadlock>("inbox mine", [&] { receipt.wait(); }));
    CHECK(inbox.try_next());
    CHECK(receipt.wait_for(0ms));
}

TEST_CASE("disconnecting an inbox discards what is unread and completes its receipts", "[inbox][promise-8]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    const auto receipt = bus.emit(Tick{1});
    SECTION("by hand") {
        CHECK(inbox.disconnect());
        CHECK_FALSE(inbox.connected());
        CHECK_FALSE(inbox.try_next());
        CHECK(inbox.stats().discarded == 1);
    }
    SECTION("by moving another one there") {
        inbox = Inbox<Tick>();
        CHECK_FALSE(inbox.try_next());
    }
    CHECK(receipt.wait_for(0ms));
    CHECK(bus.stats().discarded == 1);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("an inbox without a subscription has nothing", "[inbox]") {
    Inbox<Tick> inbox;
    CHECK_FALSE(inbox.try_next());
    CHECK_FALSE(inbox.next_for(1h));
    CHECK(inbox.drain().empty());
    CHECK(inbox.missed() == 0);
    CHECK(inbox.id() == 0);
    CHECK_FALSE(inbox.connected());
    CHECK(inbox.disconnect());
}

TEST_CASE("a shutdown does not wait for readers, and what is unread stays readable", "[inbox][promise-8][promise-13]") {
    std::optional<EventBus> bus(std::in_place);
    bus->emit(Tick{1});
    auto inbox = bus->inbox<Tick>({.replay = Replay::last(1)});
    auto unread = bus->inbox<Tick>();
    auto limited = bus->inbox<Tick>({.max_deliveries = 1});
    bus->emit(Tick{2});
    const auto receipt = bus->emit(Tick{3});
    const auto report = bus->shutdown(1h);
    CHECK(report.drained);
    CHECK(report.undelivered == 0);
    CHECK_FALSE(inbox.connected());
    CHECK((*inbox.try_next())->number == 1);
    CHECK((*inbox.next_for(1h))->number == 2);
    const bool outlives = GENERATE(true, false);
    if (outlives) bus.reset();
    CHECK(numbers_of(inbox.drain()) == std::vector{3});
    CHECK_FALSE(inbox.next_for(1h));
    CHECK(inbox.stats().delivered == 3);
    CHECK(numbers_of(limited.drain()) == std::vector{2});
    CHECK(limited.stats().discarded == 1);
    CHECK_FALSE(receipt.wait_for(0ms));
    unread.disconnect();
    CHECK(unread.stats().discarded == 2);
    CHECK(receipt.wait_for(0ms));
    if (!outlives) {
        CHECK(bus->stats().delivered == 4);
        CHECK(bus->stats().discarded == 3);
    }
}

TEST_CASE("a hole that is found after the end of the bus is counted, and on_lagged is gone", "[inbox][promise-8]") {
    std::optional<EventBus> bus(std::in_place);
    int told = 0;
    auto inbox = bus->inbox<Tick>(
        {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest}, .on_lagged = [&](const Lagged&) { ++told; }});
    for (int i = 1; i <= 3; ++i) bus->emit(Tick{i});
    bus.reset();
    CHECK(numbers_of(inbox.drain()) == std::vector{3});
    CHECK(inbox.missed() == 2);
    CHECK(told == 0);
}

TEST_CASE("an event that is emitted by who has read another has no cause", "[inbox]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    bus.emit(Tick{1}, {.correlation = "order 1"});
    const auto tick = inbox.try_next();
    REQUIRE(tick);
    CHECK(hindsight::this_handler::record() == nullptr);
    bus.emit(Tock{1});
    CHECK(bus.history().query({.pattern = "test.tock"}).front().cause() == 0);
}

TEST_CASE("when memory runs out there is an inbox or there is none", "[inbox][promise-6]") {
    for (std::size_t count = 0;; ++count) {
        EventBus bus({.pool = {.threads = 0}});
        for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
        Inbox<Tick> inbox;
        try {
            const FailAllocationsAfter limit(count);
            inbox = bus.inbox<Tick>({.replay = Replay::last(2)});
        } catch (const std::bad_alloc&) {
            CHECK(bus.subscription_count() == 0);
            CHECK_FALSE(inbox.connected());
            continue;
        }
        CHECK(bus.subscription_count() == 1);
        CHECK(numbers_of(inbox.drain()) == std::vector{2, 3});
        break;
    }
}

TEST_CASE("reading needs memory for nothing but the results", "[inbox][promise-6]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    for (int i = 1; i <= 3; ++i) bus.emit(Tick{i});
    {
        const FailAllocationsAfter none(0);
        CHECK_THROWS_AS(inbox.drain(), std::bad_alloc);
        const auto first = inbox.try_next();
        CHECK((first && (*first)->number == 1));
    }
    CHECK(numbers_of(inbox.drain()) == std::vector{2, 3});
    // A thread that has never done anything with the library.
    bus.emit(Tick{4});
    std::thread([&] {
        const FailAllocationsAfter none(0);
        try {
            (void)inbox.try_next();
        } catch (const std::bad_alloc&) {}
    }).join();
    CHECK(inbox.stats().discarded == 0);
    CHECK(inbox.stats().delivered + inbox.drain().size() == 4);
}

}  // namespace

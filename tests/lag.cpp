// Lag that heals: who was told of a hole can read it from history, and learns what is gone for good.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using hindsight::BusOptions;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::HistoryOptions;
using hindsight::KeepNone;
using hindsight::Lagged;
using hindsight::MailboxOptions;
using hindsight::NamedEvent;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Reread;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// A subscription that heals: it writes down "3" for an event that it was given, "(1 2)" for a hole that it has read
/// again, and "(1 2, 3 gone)" where there was more.
struct Healing {
    explicit Healing(HistoryOptions history = {})
        : bus({.history = std::move(history), .on_error = [](const HandlerError&) {}}) {}

    SubscribeOptions with(const MailboxOptions& mailbox) {
        return {.mailbox = mailbox, .executor = executor, .on_lagged = [this](const Lagged& hole) {
                    const Reread reread = hindsight::this_handler::reread(hole);
                    std::string what;
                    for (const Record& record : reread.records) what += " " + std::to_string(record.seq());
                    if (reread.gone.missed > 0) what += ", " + std::to_string(reread.gone.missed) + " gone";
                    add("(" + (what.empty() ? what : what.substr(what[0] == ' ' ? 1 : 2)) + ")");
                }};
    }
    void listen(const char* pattern, SubscribeOptions options) {
        subscription = bus.subscribe(
            pattern, [this](const Record& record) { add(std::to_string(record.seq())); }, std::move(options));
    }
    void listen(const MailboxOptions& mailbox) { listen("*", with(mailbox)); }
    void emit(int count, const char* name = "test.some") {
        for (int i = 0; i < count; ++i) bus.emit(NamedEvent{name});
    }
    void add(const std::string& what) { log += log.empty() ? what : " " + what; }
    std::string hear() {
        executor->run_all();
        return std::exchange(log, {});
    }

    std::shared_ptr<ManualExecutor> executor = std::make_shared<ManualExecutor>();
    std::string log;
    EventBus bus;
    Subscription subscription;
};

TEST_CASE("a hole can be read again, whatever the overflow policy", "[lag][promise-8]") {
    Healing healing;
    SECTION("drop_oldest") {
        healing.listen({.capacity = 2, .overflow = Overflow::drop_oldest});
        healing.emit(5);
        CHECK(healing.hear() == "(1 2 3) 4 5");
    }
    SECTION("drop_newest") {
        healing.listen({.capacity = 2, .overflow = Overflow::drop_newest});
        healing.emit(5);
        CHECK(healing.hear() == "1 2 (3 4 5)");
    }
    SECTION("conflate") {
        healing.listen({.capacity = 2, .overflow = Overflow::conflate});
        for (const char* name : {"a", "b", "c", "a", "d"}) healing.emit(1, name);
        CHECK(healing.hear() == "(1 2 3) 4 5");
    }
    SECTION("block, for those who cannot wait any longer") {
        healing.listen({.capacity = 2, .block_for = 0s});
        healing.emit(5);
        CHECK(healing.hear() == "1 2 (3 4 5)");
    }
    SECTION("block, for those who must not wait") {
        healing.executor->claims_this_thread = true;
        healing.listen({.capacity = 1, .hard_limit = 3});
        healing.emit(5);
        CHECK(healing.hear() == "1 2 3 (4 5)");
    }
    CHECK(healing.subscription.stats().dropped == 5 - healing.subscription.stats().delivered);
}

TEST_CASE("only what the subscription is for is read again", "[lag]") {
    Healing healing;
    SubscribeOptions options = healing.with({.capacity = 1, .overflow = Overflow::drop_oldest});
    const auto emit = [&] {
        for (int i = 0; i < 3; ++i) {
            healing.bus.emit(Tick{i});
            healing.emit(1);
        }
    };
    SECTION("by name") {
        healing.listen("test.tick", options);
        emit();
        CHECK(healing.hear() == "(1 3) 5");
    }
    SECTION("by pattern") {
        healing.listen("test.*", options);
        emit();
        CHECK(healing.hear() == "(1 2 3 4 5) 6");
    }
    SECTION("by type") {
        healing.subscription =
            healing.bus.subscribe<NamedEvent>([&](const NamedEvent&) { healing.add("named"); }, options);
        emit();
        CHECK(healing.hear() == "(2 4) named");
    }
    SECTION("by its filter") {
        options.filter = [](const Record& record) {
            const Tick* tick = record.get_if<Tick>();
            return tick == nullptr || tick->number != 1;
        };
        healing.listen("*", options);
        emit();
        CHECK(healing.hear() == "(1 2 4 5) 6");
    }
}

TEST_CASE("what history has let go of since is gone for good, and counted", "[lag][promise-8]") {
    Healing healing({.capacity = 3, .policies = {{"none.*", KeepNone{}}}});
    healing.listen({.capacity = 1, .overflow = Overflow::drop_oldest});
    SECTION("a part") {
        healing.emit(6);
        CHECK(healing.hear() == "(4 5, 3 gone) 6");
    }
    SECTION("all") {
        healing.emit(3);
        healing.bus.history().clear();
        CHECK(healing.hear() == "(2 gone) 3");
    }
    SECTION("what was never kept") {
        healing.emit(2, "none.x");
        healing.emit(2);
        CHECK(healing.hear() == "(3, 2 gone) 4");
    }
}

TEST_CASE("the range of what is gone is that of the hole", "[lag]") {
    EventBus bus({.history = {.capacity = 2}, .pool = {.threads = 0}});
    Reread reread;
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest},
                             .on_lagged = [&](const Lagged& hole) { reread = hindsight::this_handler::reread(hole); }});
    for (int i = 0; i < 4; ++i) bus.emit(Tick{i});
    bus.run_pending();
    CHECK(reread.gone.first == 1);
    CHECK(reread.gone.last == 3);
    CHECK(reread.gone.missed == 2);
    REQUIRE(reread.records.size() == 1);
    CHECK(reread.records[0].as<Tick>().number == 2);
    SECTION("nothing is gone") {
        for (int i = 0; i < 2; ++i) bus.emit(Tick{i});
        bus.run_pending();
        CHECK(reread.records.size() == 1);
        CHECK(reread.gone.first == 0);
        CHECK(reread.gone.last == 0);
        CHECK(reread.gone.missed == 0);
    }
}

TEST_CASE("a store can be asked for a hole later, from anywhere", "[lag]") {
    EventBus bus({.history = {.capacity = 5}});
    for (int i = 1; i <= 4; ++i) {
        bus.emit(Tick{i});
        bus.emit(Tock{i});
    }
    const Lagged hole{1, 6, 3};
    const Reread ticks = bus.history().reread(hole, {.name = "test.tick"});
    REQUIRE(ticks.records.size() == 1);
    CHECK(ticks.records[0].seq() == 5);
    CHECK(ticks.gone.missed == 2);
    CHECK(bus.history().reread(hole).records.size() == 3);
    CHECK(bus.history().reread(hole, {.where = [](const Record&) { return false; }}).gone.missed == 3);
    CHECK(bus.history().reread({}).records.empty());
    CHECK_THROWS_AS(bus.history().reread(hole, {.name = "no name"}), hindsight::InvalidName);
}

TEST_CASE("what was gone before a subscription joined cannot be read again", "[lag][joining]") {
    Healing healing({.capacity = 2});
    healing.emit(4);
    SubscribeOptions options = healing.with({});
    options.replay = Replay::from_seq(1);
    healing.listen("*", options);
    CHECK(healing.hear() == "() 3 4");
    const Lagged hole{1, 2, 0};
    const Reread reread = healing.bus.history().reread(hole);
    CHECK(reread.records.empty());
    CHECK(reread.gone.first == 1);
    CHECK(reread.gone.last == 2);
}

TEST_CASE("a record without its payload is gone for a subscription to its type", "[lag]") {
    EventBus bus({.history = {.max_payload_bytes = 1}, .pool = {.threads = 0}});
    Reread reread;
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.mailbox = {.capacity = 1, .overflow = Overflow::drop_oldest},
                             .on_lagged = [&](const Lagged& hole) { reread = hindsight::this_handler::reread(hole); }});
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    bus.run_pending();
    CHECK(reread.records.empty());
    CHECK(reread.gone.missed == 2);
}

TEST_CASE("on_lagged is a part of its subscription", "[lag][promise-3]") {
    Healing healing;
    SubscribeOptions options = healing.with({.capacity = 1, .overflow = Overflow::drop_oldest});
    SECTION("it can end it") {
        options.on_lagged = [&](const Lagged&) {
            CHECK(hindsight::this_handler::record() == nullptr);
            hindsight::this_handler::disconnect();
        };
        healing.listen("*", options);
        healing.emit(3);
        CHECK(healing.hear().empty());
        CHECK_FALSE(healing.subscription.connected());
        CHECK(healing.subscription.stats().discarded == 1);
    }
    SECTION("its failure is the subscription's") {
        options.on_lagged = [](const Lagged& hole) {
            hindsight::this_handler::reread(hole);
            throw std::runtime_error("no");
        };
        healing.listen("*", options);
        healing.emit(3);
        CHECK(healing.hear() == "3");
        CHECK(healing.subscription.stats().failed == 1);
    }
    SECTION("what it emits has no cause") {
        options.on_lagged = [&](const Lagged&) { healing.bus.emit(Tock{}); };
        healing.listen("test.some", options);
        healing.emit(3);
        CHECK(healing.hear() == "3");
        CHECK(healing.bus.history().find(4)->cause() == 0);
    }
}

TEST_CASE("outside handlers there is no hole to read again", "[lag]") {
    CHECK_THROWS_AS(hindsight::this_handler::reread({1, 2, 2}), hindsight::InvalidArgument);
}

}  // namespace

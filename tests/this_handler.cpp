#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;
namespace this_handler = hindsight::this_handler;

namespace {

hindsight::Seq current_seq() {
    const Record* const record = this_handler::record();
    return record != nullptr ? record->seq() : 0;
}

TEST_CASE("outside handlers there is no record and nothing to disconnect", "[this_handler]") {
    CHECK(this_handler::record() == nullptr);
    this_handler::disconnect();
    EventBus bus;
    bus.emit(Tick{});
    CHECK(this_handler::record() == nullptr);
}

TEST_CASE("inside a handler its record is known, whatever the handler takes", "[this_handler]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    std::vector<hindsight::Seq> seqs;
    bool same = false;
    const auto takes_event =
        bus.subscribe<Tick>([&](const Tick&) { seqs.push_back(current_seq()); }, {.delivery = delivery});
    bus.emit(Tick{}).wait();
    bus.emit(Tick{}).wait();
    const auto takes_record = bus.subscribe<Tock>(
        [&](const Record& record) { same = this_handler::record() == &record; }, {.delivery = delivery});
    bus.emit(Tock{}).wait();
    CHECK(seqs == std::vector<hindsight::Seq>{1, 2});
    CHECK(same);
    CHECK(this_handler::record() == nullptr);
}

TEST_CASE("an event that nobody records has a record for the handler that asks", "[this_handler]") {
    EventBus bus({.history = {.capacity = 0}});
    int number = 0;
    Record kept;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            kept = *this_handler::record();
            number = kept.as<Tick>().number;
        },
        {.delivery = Delivery::direct});
    const auto receipt = bus.emit(Tick{5}, {.source = "s", .metadata = {{"k", "v"}}});
    CHECK(number == 5);
    CHECK(kept.seq() == receipt.seq);
    CHECK(kept.source() == "s");
    CHECK(kept.metadata("k") == "v");
}

TEST_CASE("in nested handlers it is the innermost one's record", "[this_handler]") {
    const std::size_t capacity = GENERATE(0u, 100u);
    EventBus bus({.history = {.capacity = capacity}});
    std::vector<hindsight::Seq> seqs;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            seqs.push_back(current_seq());
            if (tick.number < 3) bus.emit(Tick{tick.number + 1});
            seqs.push_back(current_seq());
        },
        {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    CHECK(seqs == std::vector<hindsight::Seq>{1, 2, 3, 3, 2, 1});
}

TEST_CASE("another bus's handler inside is the innermost one, too", "[this_handler]") {
    EventBus outer, inner;
    std::vector<hindsight::Seq> seqs;
    inner.emit(Tock{});
    const auto of_inner =
        inner.subscribe<Tock>([&](const Tock&) { seqs.push_back(current_seq()); }, {.delivery = Delivery::direct});
    const auto of_outer = outer.subscribe<Tick>(
        [&](const Tick&) {
            inner.emit(Tock{});
            seqs.push_back(current_seq());
        },
        {.delivery = Delivery::direct});
    outer.emit(Tick{});
    CHECK(seqs == std::vector<hindsight::Seq>{2, 1});
}

TEST_CASE("a handler ends its own subscription, before it has the handle", "[this_handler][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const std::size_t capacity = GENERATE(0u, 100u);
    EventBus bus({.history = {.capacity = capacity}});
    const auto state = std::make_shared<int>(0);
    Subscription subscription = bus.subscribe<Tick>(
        [state](const Tick&) {
            ++*state;
            this_handler::disconnect();
            this_handler::disconnect();
            ++*state;
        },
        {.delivery = delivery});
    bus.emit(Tick{}).wait();
    bus.emit(Tick{}).wait();
    CHECK(subscription.disconnect());
    CHECK(*state == 2);
    CHECK(state.use_count() == 1);
}

TEST_CASE("in nested handlers the innermost subscription is ended", "[this_handler]") {
    EventBus bus;
    const auto inner =
        bus.subscribe<Tock>([](const Tock&) { this_handler::disconnect(); }, {.delivery = Delivery::direct});
    const auto outer = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); }, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    CHECK_FALSE(inner.connected());
    CHECK(outer.connected());
}

TEST_CASE("a filter may end its subscription", "[this_handler]") {
    EventBus bus;
    int calls = 0;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct, .filter = [](const Record&) {
                                                                this_handler::disconnect();
                                                                return true;
                                                            }});
    bus.emit(Tick{});
    CHECK_FALSE(subscription.connected());
    CHECK(calls == 0);
}

/// A clock on which no two moments are the same.
struct SteppingClock final : hindsight::Clock {
    hindsight::TimePoint now() const noexcept override { return hindsight::TimePoint(std::chrono::seconds(++seconds)); }
    mutable std::atomic<int> seconds{0};
};

TEST_CASE("the record that a handler asks for has the time of the one in history", "[this_handler]") {
    EventBus bus({.clock = std::make_shared<SteppingClock>()});
    int compared = 0;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            const auto* const record = hindsight::this_handler::record();
            REQUIRE(record != nullptr);
            CHECK(bus.history().find(record->seq())->time() == record->time());
            ++compared;
        },
        {.delivery = Delivery::direct});
    for (int i = 0; i < 3; ++i) bus.emit(Tick{i});
    CHECK(compared == 3);
}

/// Asks for its record while it is copied.
struct Curious {
    static constexpr std::string_view event_name = "test.curious";
    Curious() = default;
    Curious(const Curious&) {
        ++copies;
        known += this_handler::record() != nullptr ? 1 : 0;
    }
    static inline int copies = 0, known = 0;
};

TEST_CASE("an event that asks for its record while it is copied for that finds none", "[this_handler]") {
    EventBus bus({.history = {.capacity = 0}});
    Curious::copies = Curious::known = 0;
    bool found = false;
    const auto subscription = bus.subscribe<Curious>(
        [&](const Curious&) { found = this_handler::record() != nullptr && this_handler::record()->seq() == 1; },
        {.delivery = Delivery::direct});
    const Curious event;
    bus.emit(event);
    CHECK(found);
    CHECK(Curious::copies == 1);
    CHECK(Curious::known == 0);
}

}  // namespace

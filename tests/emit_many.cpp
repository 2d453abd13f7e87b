#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/records.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using hindsight::BatchReceipt;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Record;
using hindsight::Seq;
using namespace hindsight::test;

namespace {

std::vector<Tick> ticks(int count, int first = 1) {
    std::vector<Tick> made;
    for (int i = 0; i < count; ++i) made.push_back(Tick{first + i});
    return made;
}

struct Fragile {
    static constexpr std::string_view event_name = "test.fragile";
    int number = 0;
    Fragile(int number_) : number(number_) {}
    Fragile(const Fragile& other) : number(other.number) {
        if (number == 3) throw std::runtime_error("the third cannot be copied");
    }
    Fragile(Fragile&&) = default;
};

struct Sized {
    static constexpr std::string_view event_name = "test.sized";
    std::size_t bytes = 0;
    std::size_t event_payload_bytes() const { return bytes; }
};

/// A range whose events are made on the way, and which does not know its size.
struct Counting {
    int first, end_;
    struct Iterator {
        using value_type = Tick;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        int number;
        Tick operator*() const { return {number}; }
        Iterator& operator++() {
            ++number;
            return *this;
        }
        void operator++(int) { ++number; }
        bool operator==(const Iterator&) const = default;
    };
    Iterator begin() const { return {first}; }
    Iterator end() const { return {end_}; }
};

TEST_CASE("a batch has consecutive seqs, one receipt, and its events in order", "[emit_many][promise-11]") {
    EventBus bus({.pool = {.threads = 0}});
    std::vector<int> direct, queued;
    const auto one =
        bus.subscribe<Tick>([&](const Tick& tick) { direct.push_back(tick.number); }, {.delivery = Delivery::direct});
    const auto two = bus.subscribe("test.*", [&](const Record& record) { queued.push_back(record.as<Tick>().number); });
    bus.emit(Tick{0});
    const auto events = ticks(5);
    const BatchReceipt receipt = bus.emit_many(events, {.source = "here"});
    CHECK(receipt);
    CHECK(receipt.first == 2);
    CHECK(receipt.count == 5);
    CHECK(receipt.recorded == 5);
    CHECK(receipt.outcome == Outcome::recorded);
    CHECK(receipt.matched == 10);
    CHECK(receipt.queued == 5);
    CHECK(receipt.dropped == 0);
    CHECK_THROWS_AS(receipt.wait_for(hindsight::Duration::zero()), hindsight::WouldDeadlock);
    CHECK(direct == std::vector{0, 1, 2, 3, 4, 5});
    bus.run_pending();
    CHECK(queued == direct);
    receipt.wait();
    CHECK(seqs_of(bus.history().query({.source = "here"})) == Seqs{2, 3, 4, 5, 6});
    CHECK(bus.emit(Tick{6}).seq == 7);
    CHECK(bus.stats().emitted == 7);
}

TEST_CASE("what a range gives away is moved from, the rest is copied", "[emit_many]") {
    EventBus bus;
    std::vector<Price> prices{{"a symbol that is too long for small strings", 1}};
    bus.emit_many(prices);
    bus.emit_many(std::as_const(prices));
    bus.emit_many(std::span(prices));
    bus.emit_many(std::span<const Price>(prices));
    CHECK_FALSE(prices[0].symbol.empty());
    bus.emit_many(std::move(prices));
    CHECK(prices[0].symbol.empty());
    bus.emit_many({Tick{1}, Tick{2}});
    bus.emit_many(Counting{3, 5});
    CHECK(bus.history().query<Price>().size() == 5);
    CHECK(bus.history().query<Price>({.key = "a symbol that is too long for small strings"}).size() == 5);
    CHECK(bus.history().query<Tick>().size() == 4);

    std::vector<Parcel> parcels(3);
    for (Parcel& each : parcels) each.content = std::make_unique<int>(7);
    CHECK(bus.emit_many(std::move(parcels)).count == 3);
    CHECK(parcels[2].content == nullptr);
    CHECK(*bus.history().query<Parcel>().back()->content == 7);
}

TEST_CASE("a batch that is empty, too late or too deep says so", "[emit_many]") {
    EventBus bus({.pool = {.threads = 0}, .max_depth = 1});
    const BatchReceipt empty = bus.emit_many(std::vector<Tick>());
    CHECK_FALSE(empty);
    CHECK(empty.count == 0);
    CHECK(empty.outcome == Outcome::not_kept);
    empty.wait();
    BatchReceipt inside;
    const auto nested =
        bus.subscribe<Tock>([&](const Tock&) { inside = bus.emit_many(ticks(3)); }, {.delivery = Delivery::direct});
    bus.emit(Tock{});
    CHECK(inside.outcome == Outcome::too_deep);
    CHECK(bus.stats().refused_too_deep == 3);
    bus.shutdown(std::chrono::seconds(1));
    CHECK(bus.emit_many(ticks(2)).outcome == Outcome::closed);
    CHECK(bus.stats().refused_closed == 2);
    CHECK(bus.history().last_seq() == 1);
}

TEST_CASE("when an event of a batch cannot be copied none is emitted", "[emit_many][promise-6]") {
    EventBus bus({.pool = {.threads = 0}});
    const auto subscription = bus.subscribe("*", [](const Record&) {});
    const std::string before = state_of(bus);
    std::vector<Fragile> events;
    for (int i = 1; i <= 4; ++i) events.emplace_back(i);
    CHECK_THROWS_AS(bus.emit_many(events), std::runtime_error);
    CHECK_THROWS_AS(bus.emit_many({NamedEvent{"a.name"}, NamedEvent{"no name"}}), hindsight::InvalidName);
    CHECK(state_of(bus) == before);
    CHECK(bus.emit_many(std::move(events)).count == 4);
}

TEST_CASE("events with names of their own are one batch, too", "[emit_many]") {
    EventBus bus({.pool = {.threads = 0}, .max_names = 4});
    std::vector<std::string> all, some;
    const auto one = bus.subscribe("*", [&](const Record& record) { all.emplace_back(record.name()); });
    const auto two = bus.subscribe("door.*", [&](const Record& record) { some.emplace_back(record.name()); },
                                   {.filter = [](const Record& record) { return record.name() != "door.shut"; }});
    std::vector<NamedEvent> events;
    const std::vector<std::string> names{"door.open", "bell.rings", "door.shut", "door.open", "cat.comes", "dog.barks"};
    for (const std::string& each : names) events.push_back({each});
    const BatchReceipt receipt = bus.emit_many(events);
    CHECK(receipt.count == 6);
    CHECK(receipt.queued == 8);
    bus.run_pending();
    CHECK(all == names);
    CHECK(some == std::vector<std::string>{"door.open", "door.open"});
    CHECK(seqs_of(bus.history().query({.name = "door.open"})) == Seqs{1, 4});
    CHECK(bus.stats().emitted == 6);
    CHECK(two.stats().filtered == 1);
}

TEST_CASE("what middleware refuses is left out of the batch, and told", "[emit_many]") {
    EventBus bus({.pool = {.threads = 0}});
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); });
    const auto doubling = bus.use<Tick>([&](Tick& tick, hindsight::DraftView& draft) {
        if (tick.number == 3) return draft.veto("no threes");
        if (tick.number == 4) throw std::runtime_error("four");
        if (tick.number == 5) bus.emit(Tock{5});
        tick.number *= 2;
    });
    const auto events = ticks(5);
    const BatchReceipt receipt = bus.emit_many(events);
    CHECK(events[0].number == 1);
    CHECK(receipt.first == bus.history().query<Tock>().back().seq() + 1);
    CHECK(receipt.count == 3);
    REQUIRE(receipt.refused.size() == 2);
    CHECK(receipt.refused[0].index == 2);
    CHECK(receipt.refused[0].receipt.reason() == "no threes");
    CHECK(receipt.refused[1].index == 3);
    CHECK(receipt.refused[1].receipt.outcome == Outcome::middleware_failed);
    bus.run_pending();
    CHECK(seen == std::vector{2, 4, 10});
    const auto kept = seqs_of(bus.history().query<Tick>());
    CHECK(kept == Seqs{receipt.first, receipt.first + 1, receipt.first + 2});
    CHECK(bus.stats().refused_vetoed == 1);

    const BatchReceipt none = bus.emit_many({Tick{3}, Tick{3}});
    CHECK_FALSE(none);
    CHECK(none.outcome == Outcome::vetoed);
    CHECK(none.refused.size() == 2);
}

TEST_CASE("policies, limits on payloads and causes are each event's", "[emit_many]") {
    struct KeepOdd {
        bool should_store(const Record& record) const { return record.as<Tick>().number % 2 == 1; }
        std::size_t capacity() const { return 100; }
    };
    EventBus bus(
        {.history = {.max_payload_bytes = 20, .policies = {{"test.tick", KeepOdd{}}}}, .pool = {.threads = 0}});
    CHECK(bus.emit_many(ticks(5)).recorded == 3);
    CHECK(seqs_of(bus.history().query<Tick>()) == Seqs{1, 3, 5});
    CHECK(bus.emit_many({Sized{20}, Sized{21}}).recorded == 2);
    CHECK_FALSE(bus.history().find(6)->truncated());
    CHECK(bus.history().find(7)->truncated());

    const auto subscription = bus.subscribe<Tock>([&](const Tock&) { bus.emit_many(ticks(3)); });
    const Seq cause = bus.emit(Tock{}, {.correlation = "c"}).seq;
    bus.run_pending();
    const auto caused = bus.history().query({.name = "test.tick", .after_seq = cause});
    CHECK(caused.size() == 2);
    for (const Record& each : caused) {
        CHECK(each.cause() == cause);
        CHECK(each.correlation() == "c");
    }
}

TEST_CASE("direct handlers that throw are told together once all have run", "[emit_many][promise-3]") {
    EventBus bus({.errors = hindsight::ErrorPolicy::rethrow, .on_error = [](const hindsight::HandlerError&) {}});
    int calls = 0;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            if (tick.number % 2 == 0) throw tick.number;
        },
        {.delivery = Delivery::direct});
    try {
        bus.emit_many(ticks(5));
        FAIL("it does not throw");
    } catch (const hindsight::BatchHandlerFailed& failed) {
        CHECK(failed.errors.size() == 2);
        CHECK(failed.batch.count == 5);
        CHECK(failed.receipt.seq == 1);
    }
    CHECK(calls == 5);
}

TEST_CASE("a direct handler that ends its subscription inside a batch gets no more of it", "[emit_many][promise-5]") {
    EventBus bus;
    int calls = 0;
    const auto limited =
        bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct, .max_deliveries = 2});
    const auto ending = bus.subscribe<Tick>(
        [&](const Tick& tick) {
            ++calls;
            if (tick.number == 3) hindsight::this_handler::disconnect();
        },
        {.delivery = Delivery::direct});
    CHECK(bus.emit_many(ticks(6)).matched == 5);
    CHECK(calls == 5);
}

TEST_CASE("an emitter waits until all of its batch has room", "[emit_many][block][promise-9]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    std::vector<int> seen;
    const auto subscription =
        bus.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); },
                            {.mailbox = {.capacity = 4, .hard_limit = 8}, .executor = executor, .max_deliveries = 100});
    CHECK(bus.emit_many(ticks(3)).queued == 3);
    const int size = GENERATE(2, 6);
    std::atomic<bool> returned{false};
    auto emitter = start([&] {
        const BatchReceipt receipt = bus.emit_many(ticks(size, 4));
        returned = true;
        return receipt;
    });
    const auto is_waiting = [&] { return executor->asked > 0; };
    spin_until(is_waiting);
    let_others_run();
    CHECK_FALSE(returned);
    CHECK(bus.history().last_seq() == 3);
    executor->run_all();
    const BatchReceipt receipt = get_soon(std::move(emitter));
    CHECK(receipt.first == 4);
    CHECK(receipt.queued == static_cast<unsigned>(size));
    executor->run_all();
    CHECK(seen.size() == 3 + static_cast<std::size_t>(size));
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(receipt.wait_for(hindsight::Duration::zero()));
}

TEST_CASE("a batch that no mailbox could ever hold is refused by name", "[emit_many][block][promise-6]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {},
        {.name = "the small one", .mailbox = {.capacity = 4, .hard_limit = 8}, .executor = executor});
    const std::string before = state_of(bus);
    CHECK_THROWS_WITH(bus.emit_many(ticks(9)), Contains("the small one to \"test.tick\""));
    CHECK_THROWS_AS(bus.emit_many(ticks(9)), hindsight::InvalidArgument);
    CHECK(state_of(bus) == before);
    CHECK(bus.emit_many(ticks(8)).queued == 8);
    executor->run_all();
    // One who must not wait has the rest dropped, as with single events.
    executor->claims_this_thread = true;
    const BatchReceipt receipt = bus.emit_many(ticks(9));
    CHECK(receipt.queued == 8);
    CHECK(receipt.dropped == 1);
    CHECK(receipt.count == 9);
    executor->run_all();
}

TEST_CASE("what finds no room of a batch in time is dropped from its end", "[emit_many][block][promise-8]") {
    const auto executor = std::make_shared<ManualExecutor>();
    EventBus bus;
    std::vector<int> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick& tick) { seen.push_back(tick.number); },
        {.mailbox = {.capacity = 4, .block_for = std::chrono::milliseconds(1)}, .executor = executor});
    bus.emit_many(ticks(2));
    const BatchReceipt receipt = bus.emit_many(ticks(4, 3));
    CHECK(receipt.count == 4);
    CHECK(receipt.queued == 2);
    CHECK(receipt.dropped == 2);
    executor->run_all();
    CHECK(seen == std::vector{1, 2, 3, 4});
    CHECK(subscription.stats().dropped == 2);
}

TEST_CASE("events of a batch that match nobody are told of", "[emit_many]") {
    EventBus bus({.pool = {.threads = 0}, .watch = {.unhandled = true}});
    std::vector<Seq> unhandled;
    const auto telling = bus.subscribe<hindsight::UnhandledEvent>(
        [&](const hindsight::UnhandledEvent& event) { unhandled.push_back(event.record.seq()); });
    const auto subscription = bus.subscribe<Tick>(
        [](const Tick&) {}, {.filter = [](const Record& record) { return record.as<Tick>().number != 2; }});
    bus.emit_many(ticks(3));
    bus.run_pending();
    CHECK(unhandled == std::vector<Seq>{2});
}

TEST_CASE("a callback manager takes batches, too", "[emit_many]") {
    hindsight::CallbackManager callbacks;
    std::vector<int> seen;
    const auto subscription = callbacks.subscribe<Tick>([&](const Tick& tick) { seen.push_back(tick.number); });
    const BatchReceipt receipt = callbacks.emit_many(ticks(3));
    CHECK(receipt.count == 3);
    CHECK(receipt.outcome == Outcome::not_kept);
    callbacks.run_pending();
    CHECK(seen == std::vector{1, 2, 3});
}

}  // namespace

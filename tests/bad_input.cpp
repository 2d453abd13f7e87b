// Bad arguments that no other test hands over, the ends of the ranges of all numbers, and handles that were moved from:
// each is refused with an error that names the argument, or means what it says.
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"

#include <hindsight/delivery_log.hpp>
#include <hindsight/hindsight.hpp>
#include <hindsight/request.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
constexpr Seq last_of_all = std::numeric_limits<Seq>::max();

template <class Enumeration>
Enumeration none_of() {
    return static_cast<Enumeration>(99);
}

const auto ignore = [](const Record&) {};
using Handler = std::function<void(const Record&)>;

/// A call with one bad argument, and what its error has to name.
struct Refused {
    const char* names;
    std::function<void(EventBus&)> call;
};

TEST_CASE("bad arguments are refused by name, and change nothing", "[errors][promise-6]") {
    const std::vector<Refused> table{
        {"the handler is null", [](EventBus& bus) { (void)bus.subscribe("*", Handler()); }},
        {"the middleware is null", [](EventBus& bus) { (void)bus.use("*", std::function<void(DraftView&)>()); }},
        {"the receiver is null",
         [](EventBus& bus) {
             struct Receiver {
                 void on(const Tick&) {}
             };
             (void)bus.subscribe<Tick>(std::shared_ptr<Receiver>(), &Receiver::on);
         }},
        {"mailbox.capacity is 0", [](EventBus& bus) { (void)bus.inbox<Tick>({.mailbox = {.capacity = 0}}); }},
        {"mailbox.overflow is no Overflow",
         [](EventBus& bus) { (void)bus.subscribe("*", ignore, {.mailbox = {.overflow = none_of<Overflow>()}}); }},
        {"mailbox.block_for is negative",
         [](EventBus& bus) { (void)bus.subscribe("*", ignore, {.mailbox = {.block_for = Duration::min()}}); }},
        {"mailbox.capacity of a conflating mailbox",
         [](EventBus& bus) {
             (void)bus.subscribe("*", ignore, {.mailbox = {.capacity = largest, .overflow = Overflow::conflate}});
         }},
        {"delivery is no Delivery",
         [](EventBus& bus) { (void)bus.subscribe("*", ignore, {.delivery = none_of<Delivery>()}); }},
        {"slow_after", [](EventBus& bus) { (void)bus.subscribe("*", ignore, {.slow_after = Duration::min()}); }},
        {"quarantine", [](EventBus& bus) { (void)bus.subscribe("*", ignore, {.quarantine = {{.failures = 0}}}); }},
        {"severity is no Severity", [](EventBus& bus) { bus.emit(Tick{}, {.severity = none_of<Severity>()}); }},
        {"severity is no Severity",
         [](EventBus& bus) {
             bus.emit_many({Tick{}, Tick{}}, {.severity = none_of<Severity>()});
         }},
        {"the delay is negative", [](EventBus& bus) { (void)bus.emit_after(Duration::min(), Tick{}); }},
        {"the period is", [](EventBus& bus) { (void)bus.emit_every(Duration::min(), Tick{}); }},
        {"the timeout is negative", [](EventBus& bus) { (void)bus.request<Tock>(Tick{}, Duration::min()); }},
        {"the timeout is negative", [](EventBus& bus) { (void)bus.request_all<Tock>(Tick{}, Duration::min()); }},
        {"the timeout is negative", [](EventBus& bus) { bus.shutdown(Duration::min()); }},
        {"`since` is later than `until`",
         [](EventBus& bus) { (void)bus.history().query({.since = TimePoint::max(), .until = TimePoint::min()}); }},
        {"`take` is no Take", [](EventBus& bus) { (void)bus.history().query({.take = none_of<Take>()}); }},
        {"`min_severity` is no Severity",
         [](EventBus& bus) { (void)bus.history().query({.min_severity = none_of<Severity>()}); }},
        {"belongs to a bus", [](EventBus& bus) { bus.history().append(Tick{}); }},
        {"has had events", [](EventBus& bus) { bus.history().restore(bus.history().query()); }},
        {"market.*",
         [](EventBus& bus) {
             bus.history().set_policies({{"market.*", BucketRing{.capacity = 0}}});
         }},
        {"the store is null", [](EventBus&) { EventBus other(std::shared_ptr<EventStore>{}); }},
        {"history.capacity is over", [](EventBus&) { EventBus other({.history = {.capacity = largest}}); }},
        {"threads is", [](EventBus&) { EventBus other({.pool = {.threads = per_core - 1}}); }},
        {"errors is no ErrorPolicy", [](EventBus&) { EventBus other({.errors = none_of<ErrorPolicy>()}); }},
        {"drain_on_destroy is negative", [](EventBus&) { EventBus other({.drain_on_destroy = Duration::min()}); }},
        {"max_depth is 0", [](EventBus&) { EventBus other({.max_depth = 0}); }},
        {"watch.max_names", [](EventBus&) { EventBus other({.watch = {.times = true, .max_names = largest}}); }},
        {"DeliveryLog: capacity is 0", [](EventBus&) { DeliveryLog log(0); }},
    };
    EventBus bus({.pool = {.threads = 0}});
    bus.emit(Tick{});
    const std::string before = state_of(bus);
    for (std::size_t row = 0; row < table.size(); ++row) {
        INFO("row " << row << ": " << table[row].names);
        CHECK(refuses<InvalidArgument>(table[row].names, [&] { table[row].call(bus); }));
        CHECK(state_of(bus) == before);
    }
    CHECK(bus.emit(Tick{}));
}

TEST_CASE("texts that are no names, patterns or categories are refused by what they are", "[errors][promise-6]") {
    EventBus bus;
    const std::string long_text(100'000, 'x');
    for (const std::string& text :
         {std::string(), std::string("."), std::string("a..b"), std::string("a."), std::string("a b"),
          std::string("a\0b", 3), std::string("\xff\xfe"), std::string("**"), long_text}) {
        INFO("text " << text.substr(0, 10));
        const auto refused = [](auto call) { return refuses<InvalidName>("", call); };
        CHECK(refused([&] { (void)bus.subscribe(text, ignore); }));
        CHECK(refused([&] { (void)bus.inbox(text); }));
        CHECK(refused([&] { (void)bus.scope(text); }));
        CHECK(refused([&] { bus.emit(NamedEvent{text}); }));
        CHECK(refused([&] { (void)bus.emit_after(1s, NamedEvent{text}); }));
        CHECK(refused([&] { bus.emit_many({NamedEvent{"good"}, NamedEvent{text}}); }));
    }
    CHECK(bus.history().last_seq() == 0);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("the ends of ranges mean what they say", "[errors]") {
    const auto clock = std::make_shared<ManualClock>(TimePoint{1s});
    EventBus bus({.history = {.capacity = 3,
                              .max_payload_bytes = largest,
                              .max_total_bytes = largest,
                              .policies = {{"market.*", BucketRing{.capacity = 1, .max_keys = largest}}}},
                  .pool = {.threads = 0},
                  .clock = clock,
                  .drain_on_destroy = Duration::max(),
                  .max_names = largest,
                  .max_depth = std::numeric_limits<unsigned>::max(),
                  .max_scheduled = largest});
    int calls = 0;
    const auto count = [&](const Record&) { ++calls; };
    bus.emit(Price{"early", 1}, {.cause = last_of_all, .time = TimePoint::min()});
    bus.emit(Tick{}, {.time = TimePoint::max()});
    CHECK(bus.history().query({.limit = largest}).size() == 2);
    CHECK(bus.history().query({.limit = 0}).empty());
    CHECK(bus.history().query({.after_seq = last_of_all}).empty());
    CHECK(bus.history().query({.after_seq = 2, .before_seq = 1}).empty());
    CHECK(bus.history().query({.since = TimePoint::min(), .until = TimePoint::min()}).empty());
    CHECK(bus.history().query({.since = TimePoint::min(), .until = TimePoint::max()}).size() == 1);
    CHECK_FALSE(bus.history().find(last_of_all));
    CHECK_FALSE(bus.history().find(0));
    CHECK(bus.history().trace(0).entries.empty());
    CHECK_NOTHROW(bus.history().trace(last_of_all));
    CHECK(bus.history().as_of(last_of_all).query().size() == 2);
    CHECK(bus.history().as_of(Seq{0}).query().empty());
    for (const Record& record : bus.history().query()) {
        CHECK_FALSE(to_json(record).empty());
        CHECK_FALSE(detail::to_line(record).empty());
    }

    const Subscription wide = bus.subscribe("*", count,
                                            {.priority = std::numeric_limits<int>::min(),
                                             .mailbox = {.capacity = largest, .hard_limit = 0},
                                             .replay = Replay::last(largest),
                                             .max_deliveries = std::numeric_limits<std::uint64_t>::max()});
    const Subscription future = bus.subscribe("*", count, {.replay = Replay::from_seq(last_of_all)});
    const Subscription none = bus.subscribe("*", count, {.replay = Replay::last(0)});
    const Subscription always = bus.subscribe("*", count, {.replay = Replay::since(TimePoint::min())});
    CHECK(bus.run_pending(0) == 0);
    CHECK(bus.run_pending(largest) == 4);

    const Scheduled never_due = bus.emit_after(Duration::max(), Tick{});
    const Scheduled never_again = bus.emit_every(Duration::max(), Tick{});
    const Scheduled at_the_end = bus.emit_at(TimePoint::max(), Tick{});
    const Scheduled long_ago = bus.emit_at(TimePoint::min(), Tock{});
    calls = 0;
    bus.run_pending();
    CHECK(calls == 4);
    CHECK((never_due.pending() && never_again.pending() && at_the_end.pending() && !long_ago.pending()));

    auto inbox = bus.inbox<Tick>();
    const Receipt receipt = bus.emit(Tick{});
    bus.run_pending();
    CHECK_THROWS_AS(receipt.wait_for(Duration::min()), WouldDeadlock);  // this thread reads the inbox
    CHECK(inbox.next_for(Duration::min()));
    CHECK_FALSE(inbox.next_for(Duration::min()));
    CHECK(receipt.wait_for(Duration::max()));
    CHECK(bus.shutdown(Duration::max()).drained);
}

TEST_CASE("handles that were moved from do nothing, and what needs more than nothing says so", "[lifetimes]") {
    EventBus bus({.pool = {.threads = 0}});
    Subscription subscription = bus.subscribe("*", ignore);
    const Subscription kept = std::move(subscription);
    CHECK((!subscription.connected() && subscription.disconnect() && subscription.id() == 0));
    subscription.pause();
    subscription.resume();
    subscription.close();
    CHECK(subscription.stats().delivered == 0);
    std::move(subscription).detach();

    Scheduled scheduled = bus.emit_after(1h, Tick{});
    const Scheduled kept_scheduled = std::move(scheduled);
    CHECK((!scheduled.pending() && !scheduled.cancel()));
    CHECK(scheduled.emitted() + scheduled.skipped() + scheduled.failed() == 0);
    std::move(scheduled).detach();

    Inbox<Tick> inbox = bus.inbox<Tick>();
    const Inbox<Tick> kept_inbox = std::move(inbox);
    CHECK((!inbox.try_next() && !inbox.next_for(1h) && inbox.drain().empty()));
    CHECK((!inbox.connected() && inbox.disconnect() && inbox.missed() == 0 && inbox.id() == 0));
    inbox.pause();
    inbox.resume();
    CHECK(inbox.stats().delivered == 0);

    Receipt receipt = bus.emit(Tick{});
    const Receipt kept_receipt = std::move(receipt);
    receipt.wait();
    CHECK((receipt.wait_for(Duration::max()) && receipt.reason().empty() && receipt.refused_by().empty()));

    Record record = *bus.history().find(1);
    const Record kept_record = std::move(record);
    CHECK((!record && record.seq() == 0 && record.name().empty() && record.get_if<Tick>() == nullptr));
    CHECK(to_json(record) == "null");
    CHECK_NOTHROW(detail::to_line(record));
    CHECK_THROWS_AS(record.as<Tick>(), BadEventCast);

    Scope scope = bus.scope("session");
    const Scope kept_scope = std::move(scope);
    scope.end();
    CHECK((!scope.open() && scope.name().empty()));
    const std::vector<std::function<void()>> uses{
        [&] { scope.emit(Tick{}); },
        [&] { scope.emit_many({Tick{}}); },
        [&] { (void)scope.emit_after(1s, Tick{}); },
        [&] { (void)scope.subscribe("*", ignore); },
        [&] { (void)scope.inbox<Tick>(); },
        [&] { (void)scope.use([](DraftView&) {}); },
        [&] { (void)scope.history(); },
        [&] { (void)scope.scope("below"); },
    };
    for (const auto& use : uses) CHECK(refuses<InvalidArgument>("moved from", use));

    auto middleware = bus.use([](DraftView&) {});
    const Middleware kept_middleware = std::move(middleware);
    middleware = Middleware();
    CHECK(kept.connected());
    CHECK(kept_inbox.connected());
    CHECK(kept_scheduled.pending());
    CHECK(kept_scope.open());
}

}  // namespace

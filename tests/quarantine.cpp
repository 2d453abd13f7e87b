// Subscriptions that keep failing are left out, and come back.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/watching.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

struct Ward {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(TimePoint(12h));
    EventBus bus{{.pool = {.threads = 0}, .clock = clock, .on_error = [](const HandlerError&) {}}};
    bool fails = true;

    void handle() const {
        if (fails) throw std::runtime_error("out of order");
    }
    void emit(int times = 1) {
        for (int i = 0; i < times; ++i) bus.emit(Tick{i});
        bus.run_pending();
    }
};

TEST_CASE("a subscription that fails too often is left out and told of", "[quarantine]") {
    Ward ward;
    const Delivery delivery = GENERATE(Delivery::queued, Delivery::direct);
    auto subscription = ward.bus.subscribe<Tick>(
        [&](const Tick&) { ward.handle(); },
        {.name = "valve", .delivery = delivery, .quarantine = QuarantineOptions{.failures = 3}});
    const auto other = ward.bus.subscribe<Tick>([](const Tick&) {}, {.delivery = delivery});
    for (int i = 0; i < 2; ++i) ward.emit();
    CHECK_FALSE(subscription.stats().quarantined);
    for (int i = 0; i < 5; ++i) ward.emit();

    SubscriptionStatistics stats = subscription.stats();
    CHECK(stats.quarantined);
    CHECK_FALSE(stats.paused);
    CHECK(stats.quarantines == 1);
    CHECK(stats.failed == 3);
    CHECK(stats.delivered == 3);
    CHECK(stats.skipped == 4);
    CHECK(ward.bus.stats().quarantines == 1);
    CHECK(other.stats().delivered == 7);
    const auto told = ward.bus.history().query<SubscriptionQuarantined>();
    REQUIRE(told.size() == 1);
    CHECK(told[0]->subscription == "valve");
    CHECK(told[0]->id == subscription.id());
    CHECK(told[0]->failures == 3);
    CHECK(told[0]->last_error == "out of order");
    CHECK(told[0].cause() == 5);  // the third, after the failures of two
    CHECK(to_json(told[0]).find(R"({"subscription":"valve","id":1,"failures":3,"last_error":"out of order"})") !=
          std::string::npos);

    // It comes back as if nothing had been.
    subscription.resume();
    for (int i = 0; i < 2; ++i) ward.emit();
    CHECK_FALSE(subscription.stats().quarantined);
    ward.emit();
    CHECK(subscription.stats().quarantines == 2);
    CHECK(subscription.stats().delivered == 6);
}

TEST_CASE("failures that are further apart than the window are borne", "[quarantine]") {
    Ward ward;
    const auto subscription = ward.bus.subscribe<Tick>([&](const Tick&) { ward.handle(); },
                                                       {.quarantine = QuarantineOptions{.failures = 3, .window = 10s}});
    for (int i = 0; i < 20; ++i) {
        ward.emit();
        ward.clock->advance(5s + 1ns);
    }
    CHECK(subscription.stats().failed == 20);
    CHECK_FALSE(subscription.stats().quarantined);
    ward.clock->advance(-1ns);  // the last three are just within it now
    ward.emit();
    ward.clock->advance(5s - 1ns);
    ward.emit();
    CHECK(subscription.stats().quarantined);
}

TEST_CASE("what waits when a quarantine begins is discarded and counted", "[quarantine][promise-8]") {
    Ward ward;
    const auto subscription =
        ward.bus.subscribe<Tick>([&](const Tick&) { ward.handle(); }, {.quarantine = QuarantineOptions{.failures = 2}});
    std::vector<Receipt> receipts;
    for (int i = 0; i < 10; ++i) receipts.push_back(ward.bus.emit(Tick{i}));
    ward.bus.run_pending();
    for (const Receipt& each : receipts) CHECK(each.wait_for(0ns));
    ward.emit(4);
    const SubscriptionStatistics stats = subscription.stats();
    CHECK(stats.delivered == 2);
    CHECK(stats.discarded == 8);
    CHECK(stats.skipped == 4);
    CHECK(stats.queue_depth == 0);
    CHECK(ward.bus.stats().matched == 10);
}

TEST_CASE("the first event after release_after is delivered again, whichever way it comes", "[quarantine]") {
    Ward ward;
    EventBus& bus = ward.bus;
    SubscribeOptions options{.delivery = Delivery::direct,
                             .quarantine = QuarantineOptions{.failures = 1, .release_after = 1min}};
    const auto on_event = [&](const Tick&) { ward.handle(); };
    const auto on_record = [&](const Record&) { ward.handle(); };
    Subscription subscription, more;
    SECTION("direct, with the event") {
        subscription = bus.subscribe<Tick>(on_event, options);
    }
    SECTION("direct, with the record") {
        subscription = bus.subscribe<Tick>(on_record, options);
    }
    SECTION("direct, where others are queued") {
        subscription = bus.subscribe<Tick>(on_event, options);
        more = bus.subscribe<Tick>([](const Tick&) {});
    }
    SECTION("of a pattern") {
        subscription = bus.subscribe("test.*", on_record, options);
    }
    SECTION("queued") {
        options.delivery = Delivery::queued;
        subscription = bus.subscribe<Tick>(on_event, options);
    }
    SECTION("filtered") {
        options.filter = [](const Record&) { return true; };
        subscription = bus.subscribe<Tick>(on_event, options);
    }
    SECTION("queued, with a filter that fails") {
        options.delivery = Delivery::queued;
        options.filter = [&](const Record&) {
            ward.handle();
            return true;
        };
        subscription = bus.subscribe<Tick>([](const Tick&) {}, options);
    }
    ward.emit();
    CHECK(subscription.stats().quarantined);
    const std::uint64_t before = subscription.stats().delivered;
    ward.clock->advance(1min - 1ns);
    ward.emit();
    CHECK(subscription.stats().quarantined);
    CHECK(subscription.stats().skipped == 1);
    ward.clock->advance(1ns);
    ward.fails = false;
    ward.emit();
    CHECK_FALSE(subscription.stats().quarantined);
    CHECK(subscription.stats().delivered == before + 1);
    CHECK(subscription.stats().skipped == 1);
}

TEST_CASE("a quarantine that ends leaves a pause alone", "[quarantine]") {
    Ward ward;
    auto subscription = ward.bus.subscribe<Tick>(
        [&](const Tick&) { ward.handle(); },
        {.delivery = Delivery::direct, .quarantine = QuarantineOptions{.failures = 1, .release_after = 1s}});
    ward.emit();
    subscription.pause();
    ward.clock->advance(2s);
    ward.emit();
    CHECK(subscription.stats().paused);
    CHECK(subscription.stats().delivered == 1);
    CHECK(subscription.stats().skipped == 1);
}

TEST_CASE("of many threads that fail one tells of the quarantine, and every event is accounted for",
          "[quarantine][promise-8]") {
    constexpr int emitters = 4, events = 300;
    CAPTURE(random_seed());
    EventBus bus{{.on_error = [](const HandlerError&) {}}};
    std::atomic<int> told{0};
    const auto counting = bus.subscribe<SubscriptionQuarantined>([&](const SubscriptionQuarantined&) { ++told; },
                                                                 {.delivery = Delivery::direct});
    const Delivery delivery = GENERATE(Delivery::queued, Delivery::direct);
    auto subscription = bus.subscribe<Tick>([](const Tick&) { throw std::runtime_error("always"); },
                                            {.delivery = delivery, .quarantine = QuarantineOptions{.failures = 7}});
    std::vector<std::future<void>> emitting;
    for (int e = 0; e < emitters; ++e) {
        emitting.push_back(start([&] {
            for (int i = 0; i < events; ++i) {
                bus.emit(Tick{i});
                if (i % 100 == 99) subscription.resume();
            }
        }));
    }
    for (auto& each : emitting) get_soon(std::move(each));
    while (subscription.stats().queue_depth > 0) std::this_thread::yield();
    const SubscriptionStatistics stats = subscription.stats();
    CHECK(stats.delivered + stats.skipped + stats.discarded == emitters * events);
    CHECK(stats.failed == stats.delivered);
    CHECK(stats.quarantines >= 1);
    CHECK(static_cast<std::uint64_t>(told) == stats.quarantines);
}

TEST_CASE("a handler of quarantines that fails does not go round and round", "[quarantine]") {
    Ward ward;
    const QuarantineOptions once{.failures = 1};
    const auto subscription = ward.bus.subscribe<Tick>([&](const Tick&) { ward.handle(); }, {.quarantine = once});
    const auto meta = ward.bus.subscribe<SubscriptionQuarantined>(
        [&](const SubscriptionQuarantined&) { ward.handle(); }, {.quarantine = once});
    ward.emit();
    ward.bus.run_pending();
    CHECK(ward.bus.history().query<SubscriptionQuarantined>().size() == 2);
    CHECK(ward.bus.history().query<HandlerError>().size() == 1);  // a failure about the library's events is no event
    CHECK(meta.stats().failed == 1);
    CHECK(meta.stats().skipped == 1);
}

TEST_CASE("quarantines that make no sense are refused by name", "[quarantine]") {
    EventBus bus;
    const auto refused = [&](const QuarantineOptions& options, const char* name) {
        CHECK_THROWS_AS(static_cast<void>(bus.subscribe<Tick>([](const Tick&) {}, {.quarantine = options})),
                        InvalidArgument);
        CHECK_THROWS_WITH(static_cast<void>(bus.subscribe<Tick>([](const Tick&) {}, {.quarantine = options})),
                          Contains(name));
    };
    refused({.failures = 0}, "quarantine.failures");
    refused({.failures = 64 * 1024 + 1}, "quarantine.failures");
    refused({.window = 0s}, "quarantine.window");
    refused({.window = -1s}, "quarantine.window");
    refused({.release_after = 0s}, "quarantine.release_after");
    CHECK_THROWS_WITH(bus.inbox<Tick>({.quarantine = QuarantineOptions{}}), Contains("quarantine"));
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

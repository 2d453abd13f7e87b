// Waiting for an inbox on several threads: who wakes, who never waits, and that nothing is lost or given twice.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/inbox.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Inbox;
using hindsight::Seq;
using hindsight::SingleThreadedBus;
using hindsight::WouldDeadlock;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// Starts a thread that reads one event, and lets it come to waiting.
std::future<bool> start_reader(Inbox<Tick>& inbox, std::stop_token stop = {}) {
    auto reader = start([&inbox, stop] { return inbox.next_for(Duration::max(), stop).has_value(); });
    let_others_run();
    return reader;
}

TEST_CASE("whoever waits for an inbox wakes", "[inbox]") {
    std::optional<EventBus> bus(std::in_place);
    auto inbox = bus->inbox<Tick>();
    std::stop_source stop;
    auto reader = start_reader(inbox, stop.get_token());
    SECTION("with the next event") {
        bus->emit(Tick{1});
        CHECK(get_soon(std::move(reader)));
    }
    SECTION("with nothing when it is to stop") {
        stop.request_stop();
        CHECK_FALSE(get_soon(std::move(reader)));
    }
    SECTION("with nothing when the bus shuts down") {
        bus->shutdown(1h);
        CHECK_FALSE(get_soon(std::move(reader)));
    }
    SECTION("with nothing when the bus is destroyed") {
        bus.reset();
        CHECK_FALSE(get_soon(std::move(reader)));
    }
    SECTION("with nothing when the inbox is disconnected") {
        CHECK(inbox.disconnect());
        CHECK_FALSE(get_soon(std::move(reader)));
    }
    SECTION("all of them, when the last event that they may have has been read") {
        auto limited = bus->inbox<Tick>({.max_deliveries = 1});
        auto one = start_reader(limited), two = start_reader(limited);
        bus->emit(Tick{1});
        CHECK(get_soon(std::move(one)) != get_soon(std::move(two)));
        CHECK(get_soon(std::move(reader)));
    }
}

TEST_CASE("a wait for an inbox ends in time, and gives what is there before it looks at the time", "[inbox]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    CHECK_FALSE(inbox.next_for(0ms));
    CHECK_FALSE(inbox.next_for(1us));
    CHECK_FALSE(inbox.next_for(-1s));
    bus.emit(Tick{1});
    CHECK(inbox.next_for(-1s));
    bus.emit(Tick{2});
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(inbox.next_for(1h, stop.get_token()));
    CHECK(inbox.next_for(0ms));
}

TEST_CASE("nobody waits for an inbox where it could never end", "[inbox][promise-9]") {
    SECTION("inside a handler") {
        EventBus bus;
        auto inbox = bus.inbox<Tick>();
        bool refused = false, given = false;
        const auto handler = bus.subscribe<Tock>(
            [&](const Tock&) {
                refused = refuses<WouldDeadlock>("handler", [&] { (void)inbox.next_for(1h); });
                bus.emit(Tick{1});
                given = inbox.next_for(1h).has_value();
            },
            {.delivery = hindsight::Delivery::direct});
        bus.emit(Tock{1});
        CHECK(refused);
        CHECK(given);
    }
    SECTION("where no other thread can emit") {
        SingleThreadedBus bus;
        auto inbox = bus.inbox<Tick>();
        CHECK(refuses<WouldDeadlock>("single-threaded", [&] { (void)inbox.next_for(1h); }));
        bus.emit(Tick{1});
        CHECK(inbox.next_for(1h));
        for (int i = 0; i < 3000; ++i) bus.emit(Tick{i});
        CHECK(inbox.drain().size() == 3000);
    }
}

TEST_CASE("without a pool other threads can wait for an inbox", "[inbox]") {
    EventBus bus({.pool = {.threads = 0}});
    auto inbox = bus.inbox<Tick>();
    auto reader = start_reader(inbox);
    bus.emit(Tick{1});
    CHECK(get_soon(std::move(reader)));
}

TEST_CASE("no event is lost between looking and waiting", "[inbox][promise-8]") {
    // The next event comes only when this one has been read: a reader that misses it waits for ever.
    constexpr int rounds = 10'000;
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    std::atomic<int> read{0};
    auto reader = start([&] {
        while (read < rounds && inbox.next_for(Duration::max())) {
            // So that the next event meets it at any of its steps.
            for (volatile int step = ++read % 1000; step > 0;) step = step - 1;
        }
    });
    for (int i = 0; i < rounds; ++i) {
        spin_until([&] { return read == i; });
        bus.emit(Tick{i});
    }
    get_soon(std::move(reader));
    CHECK(read == rounds);
}

TEST_CASE("a stop that comes while an event is being read loses nothing", "[inbox][promise-8]") {
    EventBus bus;
    std::stop_source stop;
    auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
                                  .on_lagged = [&](const hindsight::Lagged&) { stop.request_stop(); }});
    bus.emit(Tick{1});
    bus.emit(Tick{2});
    const auto tick = inbox.next_for(1h, stop.get_token());
    CHECK(stop.stop_requested());
    REQUIRE(tick);
    CHECK((*tick)->number == 2);
}

TEST_CASE("several readers with random timeouts and stops see each event once, in order",
          "[inbox][promise-2][promise-8]") {
    constexpr int emitters = 2, readers = 3, events = 3000;
    CAPTURE(random_seed());
    EventBus bus;
    const std::size_t capacity = GENERATE(2u, 1024u);
    auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = capacity}});
    std::vector<std::vector<Seq>> seen(readers);
    std::vector<std::future<void>> reading, emitting;
    for (unsigned r = 0; r < readers; ++r) {
        reading.push_back(start([&, r] {
            Random random(r);
            for (;;) {
                const bool last = !inbox.connected();
                std::stop_source stop;
                std::jthread stopper;
                if (random.one_in(100)) stopper = std::jthread([&] { stop.request_stop(); });
                const Duration timeout = random.one_in(10) ? Duration::max() : Duration(random.below(20'000));
                if (random.one_in(20)) {
                    for (const auto& tick : inbox.drain()) seen[r].push_back(tick.seq());
                } else if (const auto tick = inbox.next_for(timeout, stop.get_token())) {
                    seen[r].push_back(tick->seq());
                } else if (last) {
                    for (const auto& each : inbox.drain()) seen[r].push_back(each.seq());
                    return;
                }
            }
        }));
    }
    for (unsigned e = 0; e < emitters; ++e) {
        emitting.push_back(start([&, e] {
            Random random(100 + e);
            for (int i = 0; i < events; ++i) {
                bus.emit(Tick{i});
                if (random.one_in(50)) std::this_thread::yield();
            }
        }));
    }
    for (auto& each : emitting) get_soon(std::move(each));
    bus.shutdown(1h);
    for (auto& each : reading) get_soon(std::move(each));

    std::vector<Seq> all;
    for (const auto& each : seen) {
        CHECK(std::ranges::is_sorted(each));
        all.insert(all.end(), each.begin(), each.end());
    }
    std::ranges::sort(all);
    CHECK(all.size() == emitters * events);
    CHECK(std::ranges::adjacent_find(all) == all.end());
    CHECK(inbox.missed() == 0);
}

TEST_CASE("an inbox can be disconnected while threads emit, wait and read", "[inbox][promise-5]") {
    CAPTURE(random_seed());
    EventBus bus;
    for (unsigned round = 0; round < 50; ++round) {
        Random random(round);
        auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = 2}});
        std::atomic<int> read{0};
        auto reader = start([&] {
            while (inbox.next_for(Duration::max())) ++read;
        });
        auto emitter = start([&] {
            while (inbox.connected()) bus.emit(Tick{1});
        });
        const int enough = random.below(20);
        spin_until([&] { return read >= enough; });
        CHECK(inbox.disconnect());
        get_soon(std::move(reader));
        get_soon(std::move(emitter));
    }
    CHECK(bus.subscription_count() == 0);
}

}  // namespace

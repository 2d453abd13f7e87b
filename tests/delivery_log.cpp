#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/delivery_log.hpp>
#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore_errors = [](const HandlerError&) {};
const TimePoint noon{std::chrono::hours(12)};

struct Watched {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(noon);
    std::shared_ptr<DeliveryLog> log = std::make_shared<DeliveryLog>();
    EventBus bus{{.pool = {.threads = 0}, .clock = clock, .on_error = ignore_errors, .deliveries = log}};
};

HandlerRun only(const DeliveryLog& log) {
    const std::vector<HandlerRun> runs = log.runs();
    REQUIRE(runs.size() == 1);
    return runs.front();
}

TEST_CASE("a run has its event, handler, thread, start and duration", "[delivery_log]") {
    Watched watched;
    const auto subscription = watched.bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(70ns); },
                                                          {.name = "counting", .delivery = Delivery::direct});
    watched.bus.emit(Tick{});
    watched.clock->advance(1s);

    const HandlerRun run = only(*watched.log);
    CHECK(run.event == watched.bus.history().query().at(0).id());
    CHECK(run.subscription == subscription.stats().id);
    CHECK(run.handler->name == "counting");
    CHECK(run.handler->pattern == "test.tick");
    CHECK(run.handler->delivery == Delivery::direct);
    CHECK(run.thread > 0);
    CHECK(run.native_thread > 0);
    CHECK(run.start == noon);
    CHECK(run.duration == 70ns);
    CHECK_FALSE(run.failed);
}

TEST_CASE("every way to a handler is written down", "[delivery_log]") {
    Watched watched;
    EventBus& bus = watched.bus;
    const auto step = [&](const Record&) { watched.clock->advance(5ns); };
    struct Receiver {
        ManualClock& clock;
        void receive(const Tick&) { clock.advance(5ns); }
    };
    const auto object = std::make_shared<Receiver>(Receiver{*watched.clock});
    Subscription subscription;
    SECTION("a direct one that takes the record") {
        subscription = bus.subscribe<Tick>(step, {.delivery = Delivery::direct});
    }
    SECTION("one of a pattern") {
        subscription = bus.subscribe("test.*", step, {.delivery = Delivery::direct});
    }
    SECTION("a queued one") {
        subscription = bus.subscribe<Tick>(step);
    }
    SECTION("one with a filter") {
        subscription = bus.subscribe<Tick>(step, {.filter = [](const Record&) { return true; }});
    }
    SECTION("a member function") {
        subscription = bus.subscribe<Tick>(object, &Receiver::receive, {.delivery = Delivery::direct});
    }
    SECTION("one with a limited number of deliveries") {
        subscription = bus.subscribe<Tick>(step, {.delivery = Delivery::direct, .max_deliveries = 1});
        bus.emit(Tick{});
    }
    const Seq seq = bus.emit(Tick{}).seq;
    bus.run_pending();
    const HandlerRun run = only(*watched.log);
    CHECK((run.event.seq == seq || run.event.seq == seq - 1));
    CHECK(run.start == noon);
    CHECK(run.duration == 5ns);
}

TEST_CASE("runs for events that history does not keep are written down", "[delivery_log]") {
    const auto log = std::make_shared<DeliveryLog>();
    EventBus bus{{.history = {.policies = {{"test.tick", KeepNone{}}}}, .deliveries = log}};
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    const Seq seq = bus.emit(Tick{}).seq;
    CHECK(only(*log).event.seq == seq);
}

TEST_CASE("a handler that throws is written down as failed, without the time of the report", "[delivery_log]") {
    const auto clock = std::make_shared<ManualClock>(noon);
    const auto log = std::make_shared<DeliveryLog>();
    EventBus bus{{.clock = clock, .on_error = [&](const HandlerError&) { clock->advance(1h); }, .deliveries = log}};
    const auto throws = [&](const Tick&) {
        clock->advance(3ns);
        throw std::runtime_error("on purpose");
    };
    const auto subscription = bus.subscribe<Tick>(throws, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    const HandlerRun run = only(*log);
    CHECK(run.failed);
    CHECK(run.duration == 3ns);
}

TEST_CASE("runs inside runs are written down before those around them", "[delivery_log]") {
    Watched watched;
    const auto inner = watched.bus.subscribe<Tock>([&](const Tock&) { watched.clock->advance(10ns); },
                                                   {.name = "inner", .delivery = Delivery::direct});
    const auto outer = watched.bus.subscribe<Tick>(
        [&](const Tick&) {
            watched.clock->advance(1ns);
            watched.bus.emit(Tock{});
            watched.clock->advance(1ns);
        },
        {.name = "outer", .delivery = Delivery::direct});
    watched.bus.emit(Tick{});
    const std::vector<HandlerRun> runs = watched.log->runs();
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].handler->name == "inner");
    CHECK(runs[0].start == noon + 1ns);
    CHECK(runs[0].duration == 10ns);
    CHECK(runs[1].handler->name == "outer");
    CHECK(runs[1].start == noon);
    CHECK(runs[1].duration == 12ns);
    CHECK(runs[0].thread == runs[1].thread);
}

TEST_CASE("the newest runs overwrite the oldest, which are counted", "[delivery_log]") {
    const auto log = std::make_shared<DeliveryLog>(3);
    CHECK(log->capacity() == 3);
    EventBus bus{{.deliveries = log}};
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    for (std::size_t emitted = 1; emitted <= 8; ++emitted) {
        bus.emit(Tick{});
        const std::vector<HandlerRun> runs = log->runs();
        REQUIRE(runs.size() == std::min<std::size_t>(emitted, 3));
        for (std::size_t i = 0; i < runs.size(); ++i) CHECK(runs[i].event.seq == emitted - runs.size() + 1 + i);
        CHECK(log->overwritten() == emitted - runs.size());
    }
}

TEST_CASE("writing a run down needs no memory", "[delivery_log]") {
    const auto log = std::make_shared<DeliveryLog>(2);
    EventBus bus{{.history = {.capacity = 0}, .deliveries = log}};
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {}, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    {
        const FailAllocationsAfter none(0);
        for (int i = 0; i < 4; ++i) bus.emit(Tick{});
    }
    CHECK(log->overwritten() == 3);
    CHECK(log->runs().size() == 2);
}

TEST_CASE("a handler that there is no memory for is not subscribed", "[delivery_log]") {
    EventBus bus{{.deliveries = std::make_shared<DeliveryLog>()}};
    const auto subscribe = [&](std::size_t allocations) {
        SubscribeOptions options{.name = std::string(100, 'n'), .delivery = Delivery::direct};
        const FailAllocationsAfter some(allocations);
        return bus.subscribe<Tick>([](const Tick&) {}, std::move(options));
    };
    std::size_t failures = 0;
    for (bool done = false; !done;) {
        try {
            const Subscription subscription = subscribe(failures);
            CHECK(bus.subscription_count() == 1);
            done = true;
        } catch (const std::bad_alloc&) {
            ++failures;
            CHECK(bus.subscription_count() == 0);
        }
    }
    CHECK(failures > 0);
}

TEST_CASE("a handler may end its subscription, and its bus", "[delivery_log]") {
    const auto log = std::make_shared<DeliveryLog>();
    SECTION("its subscription") {
        EventBus bus{{.deliveries = log}};
        Subscription subscription;
        subscription = bus.subscribe<Tick>([&](const Tick&) { subscription.disconnect(); },
                                           {.name = "last words", .delivery = Delivery::direct});
        bus.emit(Tick{});
    }
    SECTION("its bus") {
        auto bus = std::make_unique<EventBus>(BusOptions{.deliveries = log});
        bus->subscribe<Tick>([&](const Tick&) { bus.reset(); }, {.name = "last words", .delivery = Delivery::direct})
            .detach();
        bus->emit(Tick{});
    }
    const HandlerRun run = only(*log);
    CHECK(run.handler->name == "last words");
    CHECK_FALSE(run.failed);
}

TEST_CASE("a log without room is refused", "[delivery_log]") {
    CHECK_THROWS_WITH(DeliveryLog(0), Contains("capacity is 0"));
    CHECK(DeliveryLog().capacity() == 16 * 1024);
}

TEST_CASE("a clock that is set back makes no negative duration", "[delivery_log]") {
    Watched watched;
    const auto subscription =
        watched.bus.subscribe<Tick>([&](const Tick&) { watched.clock->advance(-1h); }, {.delivery = Delivery::direct});
    watched.bus.emit(Tick{});
    CHECK(only(*watched.log).duration == 0ns);
}

TEST_CASE("several buses share a log, which outlives them", "[delivery_log]") {
    const auto log = std::make_shared<DeliveryLog>();
    std::vector<RecordId> emitted;
    for (const char* name : {"first", "second"}) {
        CallbackManager callbacks{{.deliveries = log}};
        auto subscription = callbacks.subscribe<Tick>([&](const Record& record) { emitted.push_back(record.id()); },
                                                      {.name = name, .delivery = Delivery::direct});
        callbacks.emit(Tick{});
    }
    const std::vector<HandlerRun> runs = log->runs();
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].event == emitted.at(0));
    CHECK(runs[0].handler->name == "first");
    CHECK(runs[1].event == emitted.at(1));
    CHECK(runs[1].handler->name == "second");
    CHECK(runs[0].event.origin != runs[1].event.origin);
}

TEST_CASE("threads that live at the same time have different numbers", "[delivery_log][threads]") {
    constexpr std::size_t threads = 4;
    constexpr std::size_t events = 500;
    const auto log = std::make_shared<DeliveryLog>(threads * events);
    EventBus bus{{.deliveries = log}};
    std::mutex mutex;
    std::set<std::thread::id> seen;
    const auto subscription = bus.subscribe<Tick>(
        [&](const Tick&) {
            const std::lock_guard lock(mutex);
            seen.insert(std::this_thread::get_id());
        },
        {.delivery = Delivery::direct});
    std::size_t waiting = threads;
    std::vector<std::jthread> emitters;
    for (std::size_t i = 0; i < threads; ++i) {
        emitters.emplace_back([&] {
            for (std::size_t n = 0; n < events; ++n) {
                bus.emit(Tick{});
                (void)log->runs();
            }
            std::unique_lock lock(mutex);
            --waiting;
            lock.unlock();
            spin_until([&] {
                const std::lock_guard again(mutex);
                return waiting == 0;
            });
        });
    }
    emitters.clear();
    const std::vector<HandlerRun> runs = log->runs();
    REQUIRE(runs.size() == threads * events);
    CHECK(seen.size() == threads);
    std::set<unsigned> numbers;
    std::set<std::uint64_t> native;
    std::set<Seq> seqs;
    for (const HandlerRun& run : runs) {
        numbers.insert(run.thread);
        native.insert(run.native_thread);
        seqs.insert(run.event.seq);
    }
    CHECK(numbers.size() == threads);
    CHECK(native.size() == threads);
    CHECK(seqs.size() == threads * events);
}

}  // namespace

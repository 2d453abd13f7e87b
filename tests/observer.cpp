// Observers: which overload is called for which events, and how long (promises 2, 3 and 5).
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/observer.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <cstddef>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InvalidArgument;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// Writes down what it is called with.
struct Listener {
    void on_event(const Tick& tick) { log += "tick " + std::to_string(tick.number) + "; "; }
    void on_event(const Tock& tock, const Record& record) {
        log += "tock " + std::to_string(tock.number) + " as " + std::to_string(record.seq()) + "; ";
    }
    std::string log;
};

/// The same for whatever happens.
struct Recorder : Listener {
    using Listener::on_event;
    void on_event(const Record& record) { log += std::string(record.name()) + "; "; }
    using Events = hindsight::EventList<Tick>;
};

struct Listing : Listener {
    using Events = hindsight::EventList<Tick, Tock>;
};

struct OtherTick {
    static constexpr std::string_view event_name = "test.tick";
};

struct Tracked : Listener, std::enable_shared_from_this<Tracked> {};

static_assert(hindsight::ObserverOf<Listener, Tick> && hindsight::ObserverOf<Listener, Tock>);
static_assert(!hindsight::ObserverOf<Listener, Price> && hindsight::ObserverOf<Recorder, Price>);
static_assert(!hindsight::ObserverOfAll<Listener> && hindsight::ObserverOfAll<Recorder>);

TEST_CASE("an observer gets the events of its types, each in the overload of its type", "[observer]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    Listener listener;
    const auto attached = bus.attach<Tick, Tock>(listener, {.delivery = delivery});
    bus.emit(Tick{1}).wait();
    bus.emit(Price{"ABC", 7}).wait();
    bus.emit(Tock{2}).wait();
    CHECK(listener.log == "tick 1; tock 2 as 3; ");
    CHECK(attached.stats().delivered == 2);
    CHECK(bus.subscription_count() == 1);
}

TEST_CASE("an observer that lists its events is attached to them", "[observer]") {
    EventBus bus;
    Listing listing;
    const auto attached = bus.attach(listing, {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    bus.emit(Price{"ABC", 7});
    bus.emit(Tock{2});
    CHECK(listing.log == "tick 1; tock 2 as 3; ");
}

TEST_CASE("an observer of records is attached to all events, but those of the library", "[observer]") {
    EventBus bus;
    Recorder recorder;
    const auto attached = bus.attach(recorder, {.delivery = Delivery::direct});
    const auto failing =
        bus.subscribe<Price>([](const Price&) { throw std::runtime_error("no"); }, {.delivery = Delivery::direct});
    bus.emit(Tick{1});
    bus.emit(Tock{2});
    bus.emit(NamedEvent{"system.started"});
    bus.emit(Price{"ABC", 7});
    CHECK(recorder.log == "tick 1; test.tock; system.started; market.price; ");
}

TEST_CASE("an observer can be const, and its overloads static", "[observer]") {
    struct Counting {
        void on_event(const Tick&) const { ++*ticks; }
        static void on_event(const Tock& tock) { CHECK(tock.number == 5); }
        int* ticks;
    };
    EventBus bus;
    int ticks = 0;
    const Counting counting{&ticks};
    const auto attached = bus.attach<Tick, Tock>(counting, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.emit(Tock{5});
    CHECK(ticks == 1);
}

TEST_CASE("an observer can be attached to events that name themselves, and to failures", "[observer]") {
    struct Watching {
        void on_event(const NamedEvent& event) { names.push_back(event.name); }
        void on_event(const HandlerError& failure) { names.push_back(failure.handler); }
        std::vector<std::string> names;
    };
    EventBus bus({.on_error = [](const HandlerError&) {}});
    Watching watching;
    const auto attached = bus.attach<NamedEvent, HandlerError>(watching, {.delivery = Delivery::direct});
    const auto failing = bus.subscribe("*", [](const Record&) { throw std::runtime_error("no"); },
                                       {.name = "failing", .delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.emit(NamedEvent{"system.started"});
    CHECK(watching.names == std::vector<std::string>{"failing", "system.started", "failing"});
    CHECK(bus.stats().by_name.at("hindsight.handler_error").subscriptions == 1);
    CHECK(bus.stats().by_name.at("test.tick").subscriptions == 2);
}

TEST_CASE("all types of an observer share one mailbox and one order, whichever threads emit", "[observer][promise-2]") {
    struct Serial {
        void see(Seq seq) {
            disorder = disorder || running.exchange(true) || seq <= last;
            last = seq;
            ++count;
            running = false;
        }
        void on_event(const Tick&, const Record& record) { see(record.seq()); }
        void on_event(const Tock&, const Record& record) { see(record.seq()); }
        void on_event(const Record& record) { see(record.seq()); }
        std::atomic<bool> running{false};
        bool disorder = false;
        Seq last = 0;
        int count = 0;
    };
    constexpr int each = 500;
    EventBus bus;
    Serial serial;
    auto first = bus.attach<Tick>(serial);
    auto second = bus.attach<Tock>(serial);
    auto third = bus.attach(serial);
    auto ticks = start([&] {
        for (int i = 0; i < each; ++i) bus.emit(Tick{i});
    });
    auto tocks = start([&] {
        for (int i = 0; i < each; ++i) bus.emit(Tock{i});
    });
    for (int i = 0; i < each; ++i) bus.emit(Price{"ABC", i});
    get_soon(std::move(ticks));
    get_soon(std::move(tocks));
    bus.shutdown(patience);
    CHECK(serial.count == 3 * each);
    CHECK_FALSE(serial.disorder);
}

TEST_CASE("an overload that fails silences neither the others nor other observers", "[observer][promise-3]") {
    struct Failing : Listener {
        using Listener::on_event;
        void on_event(const Tick&) { throw std::runtime_error("no ticks"); }
    };
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    std::atomic<int> failures{0};
    EventBus bus({.on_error = [&](const HandlerError&) { ++failures; }});
    Failing failing;
    Listener listener;
    const auto a = bus.attach<Tick, Tock>(failing, {.name = "failing", .delivery = delivery});
    const auto b = bus.attach<Tick, Tock>(listener, {.delivery = delivery});
    bus.emit(Tick{1}).wait();
    bus.emit(Tock{2}).wait();
    bus.emit(Tick{3}).wait();
    CHECK(failing.log.starts_with("tock 2"));
    CHECK(listener.log.find("tick 1; tock 2") == 0);
    CHECK(failures == 2);
    CHECK(a.stats().failed == 2);
}

TEST_CASE("a handle that ends waits for the overload that runs", "[observer][promise-5]") {
    struct Slow {
        void on_event(const Tick&) {
            entered.count_down();
            spin_until([&] { return ending.load(); });
            let_others_run();
            returning = true;
        }
        std::latch entered{1};
        std::atomic<bool> ending{false}, returning{false};
    };
    EventBus bus;
    Slow slow;
    Subscription attached = bus.attach<Tick>(slow, {.delivery = Delivery::direct});
    auto emitter = start([&] { bus.emit(Tick{}); });
    slow.entered.wait();
    slow.ending = true;
    CHECK(attached.disconnect());
    CHECK(slow.returning);
    get_soon(std::move(emitter));
    CHECK_FALSE(attached.connected());
    CHECK(attached.disconnect());
}

TEST_CASE("an observer can end its own attachment", "[observer][promise-5]") {
    struct Once {
        void on_event(const Tick&) {
            ++calls;
            deferred = !handle.disconnect();
        }
        int calls = 0;
        bool deferred = false;
        Subscription handle;
    };
    EventBus bus;
    Once once;
    once.handle = bus.attach<Tick>(once, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.emit(Tick{});
    CHECK(once.calls == 1);
    CHECK(once.deferred);
    CHECK(bus.subscription_count() == 0);
    CHECK(once.handle.disconnect());
}

TEST_CASE("an observer that is shared is tracked, and skipped once it is gone", "[observer][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    auto by_shared = std::make_shared<Listener>();
    auto by_weak = std::make_shared<Listener>();
    auto by_reference = std::make_shared<Tracked>();
    const auto a = bus.attach<Tick, Tock>(by_shared, {.delivery = delivery});
    const auto b = bus.attach<Tick>(std::weak_ptr(by_weak), {.delivery = delivery});
    const auto c = bus.attach<Tick>(*by_reference, {.delivery = delivery});
    bus.emit(Tick{1}).wait();
    CHECK(by_shared->log == "tick 1; ");
    CHECK(by_weak->log == "tick 1; ");
    CHECK(by_reference->log == "tick 1; ");
    CHECK(by_shared.use_count() + by_weak.use_count() + by_reference.use_count() == 3);
    by_shared.reset();
    by_weak.reset();
    by_reference.reset();
    bus.emit(Tick{2}).wait();
    bus.emit(Tock{3}).wait();
    CHECK(a.stats().delivered + b.stats().delivered + c.stats().delivered == 3);
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("an observer that lives where a dead one was is another", "[observer]") {
    alignas(Tracked) std::byte place[sizeof(Tracked)];
    const auto destroy = [](Tracked* tracked) { std::destroy_at(tracked); };
    EventBus bus;
    auto first = std::shared_ptr<Tracked>(::new (place) Tracked, destroy);
    const auto a = bus.attach<Tick>(first, {.delivery = Delivery::direct});
    first.reset();
    const auto second = std::shared_ptr<Tracked>(::new (place) Tracked, destroy);
    const auto b = bus.attach<Tock>(second, {.delivery = Delivery::direct});
    CHECK(a.id() != b.id());
    bus.emit(Tock{1});
    bus.emit(Tick{2});
    CHECK(second->log == "tock 1 as 1; ");
}

TEST_CASE("an observer that is null or gone is refused, and so is a bus that is shut down", "[observer]") {
    EventBus bus;
    Listener listener;
    const auto attach = [&](auto observer) { const auto handle = bus.attach<Tick>(observer); };
    CHECK(refuses<InvalidArgument>("the observer is null, or gone", [&] { attach(std::shared_ptr<Listener>()); }));
    CHECK(refuses<InvalidArgument>("the observer is null, or gone", [&] { attach(std::weak_ptr<Listener>()); }));
    CHECK(refuses<InvalidArgument>("to which the observer is not attached", [&] {
        const auto handle =
            bus.attach<Tick>(listener, {.filter = hindsight::where<Price>([](const Price&) { return true; })});
    }));
    bus.shutdown(hindsight::Duration::zero());
    CHECK(refuses<hindsight::Closed>("shut down", [&] { const auto handle = bus.attach<Tick>(listener); }));
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("an observer is attached to all types of a call, or to none", "[observer][promise-6]") {
    struct Confused : Listener {
        using Listener::on_event;
        void on_event(const OtherTick&) {}
    };
    EventBus bus;
    Confused confused;
    bus.emit(Tick{});
    CHECK(refuses<hindsight::TypeConflict>("test.tick", [&] {
        const auto handle = bus.attach<Tock, OtherTick>(confused, {.delivery = Delivery::direct});
    }));
    CHECK(bus.subscription_count() == 0);
    const auto first = bus.attach<Tick>(confused, {.delivery = Delivery::direct});
    CHECK(refuses<hindsight::TypeConflict>("test.tick",
                                           [&] { const auto handle = bus.attach<Tock, OtherTick>(confused); }));
    bus.emit(Tock{});
    CHECK(confused.log.empty());
}

TEST_CASE("a filter looks at the events of all types", "[observer]") {
    EventBus bus;
    Listener listener;
    const auto attached =
        bus.attach<Tick, Tock>(listener, {.delivery = Delivery::direct,
                                          .filter = [](const Record& record) { return record.source() == "here"; }});
    bus.emit(Tick{1}, {.source = "here"});
    bus.emit(Tock{2}, {.source = "there"});
    bus.emit(Tock{3}, {.source = "here"});
    CHECK(listener.log == "tick 1; tock 3 as 3; ");
    CHECK(attached.stats().filtered == 1);
}

TEST_CASE("an observer that joins late gets the past of its types, in order", "[observer][promise-10]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    bus.emit(Tick{1});
    bus.emit(Tock{2});
    bus.emit(Price{"ABC", 7});
    bus.emit(Tick{4});
    bus.emit(Price{"ABC", 8});
    Listener listener;
    const auto attached = bus.attach<Tick, Tock>(listener, {.delivery = delivery, .replay = Replay::last(2)});
    bus.emit(Tick{6}).wait();
    bus.shutdown(patience);
    CHECK(listener.log == "tock 2 as 2; tick 4; tick 6; ");
}

TEST_CASE("what an observer has missed can be read again, but for what was not for it", "[observer]") {
    const auto executor = std::make_shared<ManualExecutor>();
    std::vector<Seq> found;
    EventBus bus;
    Listener listener;
    const auto attached =
        bus.attach<Tick, Tock>(listener, {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest},
                                          .executor = executor,
                                          .on_lagged = [&](const hindsight::Lagged& hole) {
                                              for (const Record& record : hindsight::this_handler::reread(hole).records)
                                                  found.push_back(record.seq());
                                          }});
    bus.emit(Tick{1});
    bus.emit(Price{"ABC", 7});
    bus.emit(Tock{3});
    bus.emit(Tick{4});
    executor->run_all();
    CHECK(found == std::vector<Seq>{1, 3});
    CHECK(listener.log == "tick 4; ");
}

}  // namespace

// Promise 6: when memory runs out, at any place, attaching an observer did nothing or everything.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/observer.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

struct Counting {
    void on_event(const Tick&) { ++ticks; }
    void on_event(const Tock&) { ++tocks; }
    void on_event(const Price&) { ++prices; }
    int ticks = 0, tocks = 0, prices = 0;
};

TEST_CASE("when memory runs out attach either did nothing or everything", "[observer][promise-6]") {
    const bool again = GENERATE(false, true);
    bool enough = false;
    for (std::size_t count = 0; !enough; ++count) {
        EventBus bus(BusOptions{.pool = {.threads = 0}});
        Counting counting;
        Subscription first;
        if (again) first = bus.attach<Tick>(counting, {.delivery = Delivery::direct});
        const std::string before = state_of(bus);
        Subscription handle;
        bool attached = false;
        {
            const FailAllocationsAfter limit(count);
            try {
                handle = bus.attach<Tock, Price>(counting, {.delivery = Delivery::direct});
                attached = true;
                enough = allocations_left != 0;
            } catch (const std::bad_alloc&) {}
        }
        INFO("with " << count << " allocations");
        if (!attached) CHECK(state_of(bus) == before);
        bus.emit(Tick{});
        bus.emit(Tock{});
        bus.emit(Price{});
        CHECK(counting.ticks == (again ? 1 : 0));
        CHECK(counting.tocks == (attached ? 1 : 0));
        CHECK(counting.prices == (attached ? 1 : 0));
        CHECK(handle.disconnect() != (again && attached));
    }
}

TEST_CASE("attaching again and again takes no memory", "[observer][promise-7]") {
    EventBus bus(BusOptions{.pool = {.threads = 0}});
    Counting counting;
    const Subscription kept = bus.attach<Tick>(counting, {.delivery = Delivery::direct});
    const auto come_and_go = [&] {
        for (int i = 0; i < 100; ++i) {
            const Subscription handle = bus.attach<Tick, Tock, Price>(counting);
            bus.emit(Tick{i});
        }
    };
    bus.history().clear();
    for (int i = 0; i < 20; ++i) come_and_go();
    const std::size_t before = allocated_bytes;
    for (int i = 0; i < 20; ++i) come_and_go();
    CHECK(allocated_bytes <= before + 4096);
    CHECK(counting.ticks == 4000);
}

}  // namespace

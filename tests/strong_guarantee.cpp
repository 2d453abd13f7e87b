// Promise 6: a call that throws has changed nothing, and once an event has its seq emit throws no more.
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

using hindsight::BucketRing;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InvalidArgument;
using hindsight::Record;
using namespace hindsight::test;

namespace strong_guarantee {

enum class Fault { none, copy, move, key, size };

struct Fragile {
    static constexpr std::string_view event_name = "test.fragile";

    explicit Fragile(Fault fault_) : fault(fault_) {}
    Fragile(const Fragile& other) : fault(other.fault) { fail_at(Fault::copy); }
    Fragile(Fragile&& other) : fault(other.fault) { fail_at(Fault::move); }
    Fragile& operator=(const Fragile&) = delete;
    ~Fragile() = default;

    std::string event_key() const {
        fail_at(Fault::key);
        return "key";
    }
    std::size_t event_payload_bytes() const {
        fail_at(Fault::size);
        return sizeof(*this);
    }
    void fail_at(Fault now) const {
        if (fault == now) throw std::domain_error("fragile");
    }
    Fault fault;
};

}  // namespace strong_guarantee

using namespace strong_guarantee;

namespace {

TEST_CASE("an event whose copy, move, key or size fails has never been emitted", "[strong_guarantee][promise-6]") {
    int calls = 0, errors = 0;
    EventBus bus({.history = {.policies = {{"test.fragile", BucketRing{.capacity = 2}}}},
                  .pool = {.threads = 0},
                  .on_error = [&](const HandlerError&) { ++errors; }});
    const auto direct = bus.subscribe<Fragile>([&](const Fragile&) { ++calls; }, {.delivery = Delivery::direct});
    const auto queued = bus.subscribe<Fragile>([&](const Fragile&) { ++calls; });
    bus.emit(Fragile(Fault::none));
    bus.run_pending();
    const int calls_before = calls;
    const hindsight::Seq last_seq = bus.history().last_seq();
    const std::string before = state_of(bus);
    SECTION("copy") {
        const Fragile event(Fault::copy);
        CHECK_THROWS_AS(bus.emit(event), std::domain_error);
    }
    SECTION("move") {
        CHECK_THROWS_AS(bus.emit(Fragile(Fault::move)), std::domain_error);
    }
    SECTION("key") {
        CHECK_THROWS_AS(bus.emit(Fragile(Fault::key)), std::domain_error);
    }
    SECTION("size") {
        CHECK_THROWS_AS(bus.emit(Fragile(Fault::size)), std::domain_error);
    }
    CHECK(state_of(bus) == before);
    CHECK(bus.run_pending() == 0);
    CHECK(calls == calls_before);
    CHECK(errors == 0);
    CHECK(bus.emit(Fragile(Fault::none)).seq == last_seq + 1);
}

TEST_CASE("an event with a text that is too long has never been emitted", "[strong_guarantee][promise-6]") {
    EventBus bus;
    const std::string too_long(1 << 16, 'x');
    const std::string before = state_of(bus);
    CHECK_THROWS_AS(bus.emit(Tick{}, {.source = too_long}), InvalidArgument);
    CHECK_THROWS_AS(bus.emit(Tick{}, {.key = too_long}), InvalidArgument);
    CHECK_THROWS_AS(bus.emit(Tick{}, {.correlation = too_long}), InvalidArgument);
    CHECK(state_of(bus) == before);
}

TEST_CASE("a subscription that is refused was never made, and its handler is gone", "[strong_guarantee][promise-6]") {
    EventBus bus;
    const auto state = std::make_shared<int>(0);
    const auto handler = [state](const Tick&) { ++*state; };
    const std::string before = state_of(bus);
    CHECK_THROWS_AS(bus.subscribe<Tick>(handler, {.mailbox = {.capacity = 0}}), InvalidArgument);
    CHECK_THROWS_AS(bus.subscribe<Tick>(handler, {.filter = hindsight::where<Tock>([](const Tock&) { return true; })}),
                    InvalidArgument);
    CHECK_THROWS_AS(bus.subscribe("bad..name", [state](const Record&) {}), hindsight::InvalidName);
    CHECK(state_of(bus) == before);
    CHECK(state.use_count() == 2);
    CHECK(bus.emit(Tick{}).matched == 0);
}

}  // namespace

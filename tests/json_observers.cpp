// JSON events that reach observers.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/json_events.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/json.hpp>
#include <hindsight/observer.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

struct Clerk {
    void on_event(const OrderPlaced& order) { orders.push_back(order.id); }
    void on_event(const Tick&) { orders.push_back(-1); }
    void on_event(const Record& record) { others.emplace_back(record.name()); }
    std::vector<int> orders;
    std::vector<std::string> others;
};

TEST_CASE("an observer gets JSON events converted to the type of their name", "[observer][json]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    bus.emit(JsonEvent{"order.placed", order_json(1)});
    Clerk clerk;
    const auto attached = bus.attach<Tick, OrderPlaced>(clerk, {.delivery = delivery, .replay = Replay::last(5)});
    bus.emit(JsonEvent{"order.placed", order_json(2)}).wait();
    bus.emit(Tick{}).wait();
    bus.shutdown(std::chrono::seconds(30));
    CHECK(clerk.orders == std::vector{1, 2, -1});
    CHECK(clerk.others.empty());
}

TEST_CASE("an observer of all events gets JSON events as they are", "[observer][json]") {
    EventBus bus;
    accept_json<OrderPlaced>(bus);
    Clerk clerk;
    const auto typed = bus.attach<OrderPlaced>(clerk, {.delivery = Delivery::direct});
    const auto all = bus.attach(clerk);
    bus.emit(JsonEvent{"order.placed", order_json(2)});
    CHECK(clerk.orders.empty());
    CHECK(clerk.others == std::vector<std::string>{"order.placed"});
}

TEST_CASE("a JSON event that does not convert is a failure of the observer", "[observer][json][promise-8]") {
    std::atomic<int> failures{0};
    EventBus bus({.on_error = [&](const HandlerError&) { ++failures; }});
    Clerk clerk;
    const auto attached = bus.attach<OrderPlaced, Tick>(clerk, {.delivery = Delivery::direct});
    bus.emit(JsonEvent{"order.placed", order_json(2)});
    CHECK(failures == 1);
    CHECK(clerk.orders.empty());
}

}  // namespace

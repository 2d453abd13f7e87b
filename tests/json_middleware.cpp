// Middleware and events whose type is known at run time only.
#include "support/catch.hpp"
#include "support/json_events.hpp"

#include <hindsight/event_bus.hpp>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::JsonEvent;
using hindsight::Outcome;
using namespace hindsight::test;

namespace {

TEST_CASE("a JSON event goes through the middleware of its name, and not through that of the type", "[json]") {
    EventBus bus;
    hindsight::accept_json<OrderPlaced>(bus);
    int typed = 0, named = 0, id = 0;
    const auto of_type = bus.use<OrderPlaced>([&](const OrderPlaced&) { ++typed; });
    const auto of_name = bus.use("order.*", [&](DraftView& draft) {
        ++named;
        if (JsonEvent* const event = draft.edit_if<JsonEvent>()) event->value.as_object()["id"] = 8;
    });
    const auto handler =
        bus.subscribe<OrderPlaced>([&](const OrderPlaced& order) { id = order.id; }, {.delivery = Delivery::direct});
    CHECK(bus.emit(JsonEvent{"order.placed", order_json(7)}));
    CHECK(typed == 0);
    CHECK(named == 1);
    CHECK(id == 8);
    CHECK(bus.emit(OrderPlaced{.id = 3}));
    CHECK(typed == 1);
    CHECK(named == 2);
    CHECK(id == 3);
}

}  // namespace

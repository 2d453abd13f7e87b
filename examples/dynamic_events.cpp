// Events whose names and data are known at run time only, such as those of a script, a plug-in or a message from
// outside, and typed handlers for them.
#include <hindsight/hindsight.hpp>
#include <hindsight/json.hpp>

#include <boost/describe.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int id = 0;
    double price = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (id, price))

std::string message_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    }
}

int main() {
    hindsight::EventBus bus{{.on_error = [](const hindsight::HandlerError& failure) {
        fmt::print("  {} failed: {}\n", failure.handler, message_of(failure.error));
    }}};
    hindsight::accept_json<OrderPlaced>(bus);

    const hindsight::SubscribeOptions direct{.name = "orders", .delivery = hindsight::Delivery::direct};
    auto orders = bus.subscribe<OrderPlaced>(
        [](const OrderPlaced& order) { fmt::print("  order {} for {}\n", order.id, order.price); }, direct);
    auto everything =
        bus.subscribe("*",
                      [](const hindsight::Record& record) {
                          fmt::print("  {} {}\n", record.name(), boost::json::serialize(hindsight::json_value(record)));
                      },
                      {.delivery = hindsight::Delivery::direct});

    fmt::print("a typed event\n");
    bus.emit(OrderPlaced{7, 9.5});

    fmt::print("one of the same name, as a message from outside brings it\n");
    bus.emit(hindsight::JsonEvent{"order.placed", boost::json::parse(R"({"id": 8, "price": 20.25})")});

    fmt::print("one that no type is known for\n");
    bus.emit(hindsight::JsonEvent{"script.finished", {{"exit_code", 0}, {"lines", {"one", "two"}}}});

    fmt::print("one that does not fit the type of its name\n");
    bus.emit(hindsight::JsonEvent{"order.placed", {{"id", "nine"}, {"price", 1}}});

    fmt::print("history has {} events named order.placed, {} of them typed\n",
               bus.history().query({.name = "order.placed"}).size(), bus.history().query<OrderPlaced>().size());
}

// Handlers that throw: what the others, the emitter and the program see of it.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int amount;
};

void book(const OrderPlaced& order) {
    if (order.amount < 0) throw std::runtime_error("the amount is negative");
    fmt::print("  booked {}\n", order.amount);
}

std::string message_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    }
}

int main() {
    fmt::print("isolated: nobody else notices\n");
    {
        hindsight::EventBus bus{{.on_error = [](const hindsight::HandlerError& failure) {
            fmt::print("  on_error: {} failed: {}\n", failure.handler, message_of(failure.error));
        }}};
        auto booking = bus.subscribe<OrderPlaced>(book, {.name = "booking"});
        // A failure is an event, too: it can be handled, and stays in the history.
        auto failures = bus.subscribe<hindsight::HandlerError>(
            [](const hindsight::HandlerError& failure) {
                fmt::print("  event: {} failed at #{}\n", failure.handler, failure.record.seq());
            },
            {.delivery = hindsight::Delivery::direct});
        for (const int amount : {10, -20, 30}) bus.emit(OrderPlaced{amount}).wait();
        fmt::print("  {} failed of {} calls\n", booking.stats().failed, booking.stats().delivered);
        fmt::print("  {} in the history\n", bus.history().query<hindsight::HandlerError>().size());
    }

    fmt::print("rethrown: emit throws once all direct handlers have run\n");
    hindsight::EventBus bus{{.errors = hindsight::ErrorPolicy::rethrow, .on_error = [](const auto&) {}}};
    auto booking = bus.subscribe<OrderPlaced>(book, {.delivery = hindsight::Delivery::direct});
    auto shipping = bus.subscribe<OrderPlaced>([](const OrderPlaced&) { fmt::print("  shipped\n"); },
                                               {.delivery = hindsight::Delivery::direct});
    try {
        bus.emit(OrderPlaced{-20});
    } catch (const hindsight::HandlerFailed& failed) {
        fmt::print("  emit threw for #{}: {}\n", failed.receipt.seq, message_of(failed.errors.front()));
    }
}

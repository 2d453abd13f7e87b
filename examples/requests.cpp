// Requests: a question that is emitted, and the replies that come back; both stay in history, with what belongs
// together.
#include <hindsight/hindsight.hpp>
#include <hindsight/request.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

struct Quote {
    static constexpr std::string_view event_name = "freight.quote";
    int kilograms;
};

struct Offer {
    static constexpr std::string_view event_name = "freight.offer";
    int euros;
};

void ask(hindsight::EventBus& bus, int kilograms) {
    try {
        const auto pending = bus.request<Offer>(Quote{kilograms}, 5s, {.source = "shop"});
        fmt::print("{} kg: {} euros\n", kilograms, pending.get()->euros);
    } catch (const hindsight::NoHandler& error) {
        fmt::print("{}\n", error.what());
    } catch (const hindsight::ReplyFailed& error) {
        fmt::print("{}\n", error.what());
    }
}

int main() {
    hindsight::EventBus bus({.on_error = [](const hindsight::HandlerError&) {}});
    ask(bus, 10);

    auto train = bus.reply<Quote>(
        [](const Quote& quote) {
            if (quote.kilograms > 1000) throw std::runtime_error("too heavy for a train");
            return Offer{5 + quote.kilograms / 10};
        },
        {.name = "train", .delivery = hindsight::Delivery::direct});
    ask(bus, 100);
    ask(bus, 5000);

    auto ship = bus.reply<Quote>([](const Quote& quote) { return Offer{quote.kilograms / 20}; }, {.name = "ship"});
    const auto offers = bus.request_all<Offer>(Quote{600}, 5s, {.correlation = "order 17"});
    auto cheapest_first = offers.get();
    std::ranges::sort(cheapest_first, {}, [](const auto& offer) { return offer->euros; });
    for (const auto& offer : cheapest_first) fmt::print("{}: {} euros\n", offer.source(), offer->euros);

    bus.history().trace(offers.receipt().seq).walk([](const hindsight::CauseTree::Entry& each) {
        fmt::print("{:{}}#{} {}, of {}\n", "", 2 * each.depth, each.seq, each.record.name(), each.record.correlation());
    });
}

// Answers the scoped bus of the document about an event bus on top of signals: what is published in a scope is seen
// there and above it, not beside it. There each scope is a bus that publishes everything again at its parent, as
// another event; here it is one event with one place in one history.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct StreamStarted {
    static constexpr std::string_view event_name = "stream.started";
    std::string stream;
};

auto print_as(std::string_view who) {
    return [who](const StreamStarted& event, const hindsight::Record& record) {
        fmt::print("  {} sees {}, of scope \"{}\"\n", who, event.stream, record.scope());
    };
}

int main() {
    hindsight::EventBus bus;
    const hindsight::SubscribeOptions direct{.delivery = hindsight::Delivery::direct};
    const auto parent = bus.subscribe<StreamStarted>(print_as("the bus"), direct);
    {
        const auto providers = bus.scope("provider");
        const auto one = providers.scope("anthropic");
        const auto other = providers.scope();  // it gets a name that no other has
        const auto of_one = one.subscribe<StreamStarted>(print_as("one"), direct);
        const auto of_other = other.subscribe<StreamStarted>(print_as("other"), direct);
        const auto of_both = providers.subscribe<StreamStarted>(print_as("providers"), direct);

        fmt::print("in one\n");
        one.emit(StreamStarted{"stream1"});
        fmt::print("in the other\n");
        other.emit(StreamStarted{"stream2"});
        fmt::print("on the bus\n");
        bus.emit(StreamStarted{"stream3"});
        fmt::print("one has {} in its history, the bus {}\n", one.history().query().size(),
                   bus.history().query().size());
    }
    // The end of a scope ends all that is in it; what happened there stays in history.
    fmt::print("afterwards: {} subscription, {} events\n", bus.subscription_count(), bus.history().query().size());
    fmt::print("{} of them in \"provider\" and below\n", bus.history().query({.scope = "provider"}).size());
}

// Answers the integration of providers and agents in the document about an event bus on top of signals: objects that
// subscribe in their constructors with member functions. There weak references keep the bus from holding them; here a
// member that ends with the object does, or a shared pointer that the bus holds only weakly.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

using hindsight::Delivery;
using hindsight::EventBus;

struct ProviderCreated {
    static constexpr std::string_view event_name = "provider.created";
    std::string provider;
};

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
    std::string agent;
};

class ProviderManager {
public:
    explicit ProviderManager(EventBus& bus)
        : created_(bus.subscribe<ProviderCreated>([this](const ProviderCreated& event) { add(event); },
                                                  {.delivery = Delivery::direct})) {}

private:
    void add(const ProviderCreated& event) {
        providers_.insert(event.provider);
        fmt::print("providers: {}\n", providers_.size());
    }

    std::set<std::string> providers_;
    hindsight::Subscription created_;  // the last member: it ends first
};

struct AgentController {
    void on_started(const AgentStarted& event) { fmt::print("controlling {}\n", event.agent); }
};

int main() {
    EventBus bus;
    {
        const ProviderManager manager(bus);
        bus.emit(ProviderCreated{"anthropic"});
        bus.emit(ProviderCreated{"local"});
    }
    bus.emit(ProviderCreated{"nobody manages this one"});

    auto controller = std::make_shared<AgentController>();
    const auto controlling =
        bus.subscribe<AgentStarted>(controller, &AgentController::on_started, {.delivery = Delivery::direct});
    bus.emit(AgentStarted{"reader"});
    controller.reset();
    bus.emit(AgentStarted{"writer"});
    fmt::print("still subscribed: {}\n", controlling.connected());
}

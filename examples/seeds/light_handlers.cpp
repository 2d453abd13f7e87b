// Answers the advice of the document about a unified event bus for agents to keep callbacks light and to subscribe to
// what one needs: the work is done by whoever reads an inbox, and holds up neither emitters nor other handlers.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;

struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    std::string agent;
    std::string message;
};

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
    std::string agent;
};

int main() {
    hindsight::EventBus bus;
    // The type is all that is subscribed to: other events cost this nothing.
    auto errors = bus.inbox<AgentError>({.mailbox = {.capacity = 100, .overflow = hindsight::Overflow::drop_oldest}});
    std::thread mailing([&] {
        while (const auto error = errors.next_for(1min)) {  // until the bus shuts down
            fmt::print("mail about {}: {}\n", (*error)->agent, (*error)->message);
        }
    });

    bus.emit(AgentStarted{"reader"});
    bus.emit(AgentError{"reader", "no such file"});
    bus.emit(AgentError{"writer", "disk full"});
    bus.shutdown(1s);  // nothing new comes; what is in the inbox is still read
    mailing.join();
    fmt::print("{} missed\n", errors.missed());
}

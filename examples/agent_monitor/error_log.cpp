#include "error_log.hpp"

#include "events.hpp"

#include <fmt/format.h>

namespace agent_monitor {

namespace {

constexpr std::uint64_t shown_errors = 10;

}  // namespace

ErrorLog::ErrorLog(hindsight::EventBus& bus, Console& console) : console_(console) {
    const auto show = [&console](const AgentError& error, const hindsight::Record& record) {
        console.print(fmt::format("agent_monitor: {}: {:?}: {}", record.source(), error.path, error.reason));
    };
    // The first errors are the ones to show, so those that find the mailbox full may go.
    errors_met_ = bus.subscribe<AgentError>(show, {.name = "error log",
                                                   .mailbox = {.overflow = hindsight::Overflow::drop_newest},
                                                   .max_deliveries = shown_errors});
}

void ErrorLog::finish(std::uint64_t errors) {
    if (errors > shown_errors) {
        console_.print(fmt::format("agent_monitor: and {} more errors", errors - shown_errors));
    }
}

}  // namespace agent_monitor

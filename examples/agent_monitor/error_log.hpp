// ErrorLog: shows the first errors as they come, and at the end how many more there were.
#pragma once

#include "console.hpp"

#include <hindsight/event_bus.hpp>

#include <cstdint>

namespace agent_monitor {

class ErrorLog {
public:
    ErrorLog(hindsight::EventBus& bus, Console& console);

    /// `errors`: of the whole run.
    void finish(std::uint64_t errors);

private:
    Console& console_;
    hindsight::Subscription errors_met_;
};

}  // namespace agent_monitor

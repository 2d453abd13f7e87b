// Events in the log of spdlog: one logger for what happens, one for what goes wrong. Both write into a text here, which
// is printed at the end; any sink will do.
#include <hindsight/hindsight.hpp>
#include <hindsight/spdlog.hpp>

#include <boost/describe/class.hpp>
#include <fmt/core.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

using hindsight::Severity;

struct AgentStarted {
    static constexpr std::string_view event_name = "agent.started";
    std::string agent;
};
BOOST_DESCRIBE_STRUCT(AgentStarted, (), (agent))

struct AgentError {
    static constexpr std::string_view event_name = "agent.error";
    static constexpr Severity event_severity = Severity::error;
    std::string agent;
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(AgentError, (), (agent, reason))

std::string reason_of(const hindsight::Record& record) {
    const auto& error = record.as<AgentError>();
    return "agent " + error.agent + ": " + error.reason;
}

int main() {
    std::ostringstream text;
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text);
    const auto everything = std::make_shared<spdlog::logger>("bus", sink);
    const auto alarms = std::make_shared<spdlog::logger>("alarms", sink);
    for (const auto& logger : {everything, alarms}) logger->set_pattern("[%n] [%l] %v");

    hindsight::EventBus bus({.on_error = [](const hindsight::HandlerError&) {}});
    constexpr auto direct = hindsight::Delivery::direct;
    const auto all = log_events(bus, everything, {.subscription = {.delivery = direct}});
    const auto errors = log_events(bus, alarms,
                                   {.pattern = "agent.*",
                                    .min_severity = Severity::error,
                                    .format = reason_of,
                                    .subscription = {.delivery = direct}});

    bus.emit(AgentStarted{"reader"}, {.source = "orchestrator"});
    bus.emit(AgentError{"reader", "no such file"}, {.source = "orchestrator"});
    bus.emit(AgentStarted{"writer"}, {.severity = Severity::debug});  // below the level of the logger
    fmt::print("{}", text.str());
}

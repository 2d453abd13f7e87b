#include <hindsight/hindsight.hpp>
#include <hindsight/spdlog.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string_view>

struct TaskFailed {
    static constexpr std::string_view event_name = "task.failed";
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
};

int main() {
    std::ostringstream log;
    const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log);
    const auto logger = std::make_shared<spdlog::logger>("bus", sink);
    logger->set_pattern("%l %v");
    hindsight::EventBus bus;
    const auto logging = hindsight::log_events(
        bus, logger, {.format = [](const hindsight::Record& record) { return std::string(record.name()); }});
    bus.emit(TaskFailed{}).wait();
    return log.str() == "error task.failed\n" ? 0 : 1;
}

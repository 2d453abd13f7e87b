#pragma once

#include <hindsight/error.hpp>
#include <hindsight/format.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/spdlog.hpp>

#include <fmt/format.h>

#include <spdlog/logger.h>

#include <chrono>

namespace hindsight {

namespace logging {

inline spdlog::level::level_enum level_of(Severity severity) noexcept {
    switch (severity) {
    case Severity::trace:
        return spdlog::level::trace;
    case Severity::debug:
        return spdlog::level::debug;
    case Severity::info:
        return spdlog::level::info;
    case Severity::warning:
        return spdlog::level::warn;
    case Severity::error:
        return spdlog::level::err;
    case Severity::critical:
        break;
    }
    return spdlog::level::critical;
}

inline void log(spdlog::logger& logger, const Record& record, const LogOptions& options) {
    const spdlog::level::level_enum level = level_of(record.severity());
    if (!logger.should_log(level) && !logger.should_backtrace()) return;
    const std::string text = options.format ? options.format(record) : fmt::format("{:m}", record);
    logger.log(std::chrono::time_point_cast<spdlog::log_clock::duration>(record.time()), spdlog::source_loc(), level,
               spdlog::string_view_t(text));
}

}  // namespace logging

HINDSIGHT_INLINE Subscription log_events(CallbackManager& bus, std::shared_ptr<spdlog::logger> logger,
                                         LogOptions options) {
    if (logger == nullptr) throw InvalidArgument("log_events: the logger is null");
    if (options.min_severity > Severity::critical) throw InvalidArgument("log_events: min_severity is no Severity");
    SubscribeOptions subscription = std::move(options.subscription);
    if (options.min_severity != Severity::trace) {
        subscription.filter = subscription.filter.and_then(
            [least = options.min_severity](const Record& record) { return record.severity() >= least; });
    }
    Pattern pattern(options.pattern);
    return bus.subscribe(
        std::move(pattern),
        [logger = std::move(logger), options = std::move(options)](const Record& record) {
            logging::log(*logger, record, options);
        },
        std::move(subscription));
}

}  // namespace hindsight

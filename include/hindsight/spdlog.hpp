// Logging: events that go to a logger of spdlog as they come; see docs/logging.md. Optional: a library of its own,
// hindsight::spdlog.
#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/options.hpp>
#include <hindsight/record.hpp>
#include <hindsight/subscription.hpp>
#include <hindsight/types.hpp>

#include <spdlog/fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace hindsight {

struct LogOptions {
    /// Which events; see Pattern. "*" does not mean the library's own: failures of handlers are `hindsight.*`.
    std::string pattern = "*";
    /// Less severe events are not for the subscription, whatever the logger's level.
    Severity min_severity = Severity::trace;
    /// The text of the message; without it that of `{:m}` (format.hpp). Called only for what the logger takes; one that
    /// throws fails as a handler does.
    std::function<std::string(const Record&)> format = {};
    /// Delivery, mailbox, executor and so on. Its filter counts beside `min_severity`.
    SubscribeOptions subscription = {};
};

/// Logs each event from now on, for as long as the subscription lives. Its severity is the level of the message
/// (warning: warn, error: err), its time the message's. There is no source location. Whether a level is logged is asked
/// of the logger for each event, so its level may change at any time.
///
/// What a sink throws stays inside spdlog: its rules hold (`logger->set_error_handler`). What an error handler throws
/// is the failure of a handler.
///
/// Throws InvalidArgument (null logger; `min_severity` is no Severity), InvalidName (`pattern`), and what `subscribe`
/// throws. Thread-safe if the logger is (spdlog's `_mt` sinks), or if nobody else uses it: a queued subscription calls
/// it on one thread at a time.
[[nodiscard("nothing is logged any more unless the subscription is kept or detached")]] HINDSIGHT_API Subscription
log_events(CallbackManager& bus, std::shared_ptr<spdlog::logger> logger, LogOptions options = {});

template <class Traits>
[[nodiscard("nothing is logged any more unless the subscription is kept or detached")]] Subscription
log_events(BasicEventBus<Traits>& bus, std::shared_ptr<spdlog::logger> logger, LogOptions options = {}) {
    return log_events(bus.callbacks(), std::move(logger), std::move(options));
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/spdlog.ipp>
#endif

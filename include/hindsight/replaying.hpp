// replay: emits a recorded stretch of events into a bus once more, at its own pace or faster. Not part of
// hindsight.hpp.
#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/past.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight {

/// For ReplayOptions::speed: without waiting.
inline constexpr double full_speed = std::numeric_limits<double>::infinity();

struct ReplayOptions {
    /// 1: the pace of the recording; 2: twice as fast; full_speed: as fast as it goes.
    double speed = 1;
    /// Whether events keep the times of the recording; else each gets the time at which it is emitted again.
    bool keep_times = true;
    /// Called before each event that is not due yet, with the time on the bus's clock when it is; to return then. None:
    /// a clock that stands still (ManualClock) is set to that time, others are waited for.
    std::function<void(TimePoint)> wait_until = {};
    /// Ends the replay before its next event, also while it waits by itself.
    std::stop_token stop = {};
};

/// Why an event was not emitted again.
enum class ReplayRefusal : std::uint8_t {
    empty_record,
    truncated,      ///< history has kept no payload of it
    cannot_copy,    ///< its type cannot be copied
    library_event,  ///< `hindsight.*`: the bus emits its own
    type_conflict,  ///< the bus knows another type of that name
    copy_failed,    ///< copying it threw
    closed,         ///< the bus was shut down
    too_deep,       ///< inside more handlers than BusOptions::max_depth
    vetoed,
    middleware_failed,
};
HINDSIGHT_API std::string_view to_string(ReplayRefusal reason) noexcept;

struct ReplayReport {
    /// Events of one name that were refused for one reason.
    struct Refused {
        std::string name;
        ReplayRefusal reason{};
        std::size_t count = 0;
    };

    std::size_t emitted = 0;
    std::size_t refused = 0;
    std::size_t left = 0;         ///< not come to, because it was stopped
    std::size_t lost_causes = 0;  ///< emitted without the cause that they had, which was not replayed before them
    Seq first = 0;                ///< of the new ones; 0: there is none
    Seq last = 0;
    std::vector<Refused> refusals = {};  ///< in the order in which they first occurred
};

/// Emits the recorded events again, in their order: what a query, also of another bus, has given. Each is an event of
/// its own, with a new seq, marked (`Record::replayed()`), with the payload, name, source, key, severity, correlation
/// and metadata of the recorded one. Its cause is the new event of the recorded cause; where that was not replayed
/// before it, it has none. Middleware, filters, history and handlers treat it as any other event; what handlers emit in
/// turn is not marked. So give it what came into the recorded bus from outside (records whose `cause()` is 0), or a bus
/// whose handlers do not emit: else consequences happen twice.
///
/// Pace: the first event is due at once, every other one as long after it as in the recording, divided by `speed`; one
/// whose time is earlier than that of an event before it is due with that one. A bus without pool and executor runs
/// what is waiting (`run_pending`) after each event. With an InlineExecutor, or a SingleThreadedBus, a ManualClock that
/// starts with the recording, and handlers that depend on their events alone, a replay gives the same history each
/// time.
///
/// Blocks until it is done or stopped: it waits, and `emit` may. Thread-safe; the same bus may be used meanwhile, and
/// may be the recorded one. Throws InvalidArgument for a speed that is no number above 0, std::bad_alloc, what
/// `wait_until` throws, and HandlerFailed as `emit` does; events before that are emitted.
HINDSIGHT_API ReplayReport replay(std::span<const Record> records, CallbackManager& bus,
                                  const ReplayOptions& options = {});

template <class Traits>
ReplayReport replay(std::span<const Record> records, BasicEventBus<Traits>& bus, const ReplayOptions& options = {}) {
    return replay(records, bus.callbacks(), options);
}

/// The same for the results of typed queries, and for what Past gives.
template <class E, class Bus>
ReplayReport replay(const std::vector<TypedRecord<E>>& records, Bus& bus, const ReplayOptions& options = {}) {
    const std::vector<Record> untyped(records.begin(), records.end());
    return replay(std::span(untyped), bus, options);
}
template <class R, class Bus>
ReplayReport replay(const PastAnswer<R>& answer, Bus& bus, const ReplayOptions& options = {}) {
    return replay(answer.records, bus, options);
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/replaying.ipp>
#endif

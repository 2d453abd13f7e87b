// ObservedRun: one call of an observed handler, from just before it to just after it; tells the log of deliveries.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/native_thread.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/bare_event.hpp>

#include <algorithm>
#include <utility>

namespace hindsight::detail {

/// The frame has what the handler is given.
inline HandlerRun begin_observing(Hub& hub, const Frame& frame, const Node& node) noexcept {
    HandlerRun run{.event = {hub.ledger().origin, frame.bare != nullptr ? frame.bare->seq() : frame.record->seq()},
                   .subscription = node.id,
                   .handler = node.observed_as,
                   .thread = frame.slot.index + 1,
                   .native_thread = native_thread_id(),
                   .failed = true};
    run.start = hub.now();
    return run;
}

inline void end_observing(Hub& hub, HandlerRun&& run) noexcept {
    // The system's clock may be set back meanwhile.
    run.duration = std::max(hub.now() - run.start, Duration::zero());
    hub.options().deliveries->add(std::move(run));
}

class ObservedRun {
public:
    ObservedRun(Hub& hub, const Frame& frame, const Node& node) noexcept
        : hub_(hub), run_(begin_observing(hub, frame, node)) {}
    ObservedRun(const ObservedRun&) = delete;
    ObservedRun& operator=(const ObservedRun&) = delete;

    void succeeded() noexcept { run_.failed = false; }

    ~ObservedRun() { end_observing(hub_, std::move(run_)); }

private:
    Hub& hub_;
    HandlerRun run_;
};

}  // namespace hindsight::detail

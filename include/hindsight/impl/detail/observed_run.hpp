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

class ObservedRun {
public:
    /// The frame has what the handler is given.
    ObservedRun(Hub& hub, const Frame& frame, const Node& node) noexcept
        : hub_(hub), run_{.event = {hub.ledger().origin,
                                    frame.bare != nullptr ? frame.bare->seq() : frame.record->seq()},
                          .subscription = node.id,
                          .handler = node.observed_as,
                          .thread = frame.slot.index + 1,
                          .native_thread = native_thread_id(),
                          .failed = true} {
        run_.start = hub_.now();
    }
    ObservedRun(const ObservedRun&) = delete;
    ObservedRun& operator=(const ObservedRun&) = delete;

    void succeeded() noexcept { run_.failed = false; }

    ~ObservedRun() {
        // The system's clock may be set back meanwhile.
        run_.duration = std::max(hub_.now() - run_.start, Duration::zero());
        hub_.options().deliveries->add(std::move(run_));
    }

private:
    Hub& hub_;
    HandlerRun run_;
};

}  // namespace hindsight::detail

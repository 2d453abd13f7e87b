// ObservedRun: one call of an observed handler, from just before it to just after it; tells the histograms, the
// watchdog and the log of deliveries.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/native_thread.hpp>
#include <hindsight/detail/observation.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/bare_event.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace hindsight::detail {

/// The time that an event in a mailbox has waited; none for one whose own time says nothing about that.
inline std::optional<Duration> waited(const Watched& watched, const Record* record, TimePoint now) noexcept {
    if (watched.wait == nullptr || record == nullptr) return std::nullopt;
    const Envelope& envelope = *record->envelope();
    const bool past = envelope.seq <= watched.past_until || envelope.has(Envelope::replayed);
    if (past || envelope.has(Envelope::dated)) return std::nullopt;
    return now - envelope.time;
}

/// The frame has what the handler is given.
inline Observation begin_observing(Hub& hub, const Frame& frame, const Node& node) noexcept {
    Observation observation{.run = {.failed = true}, .waited = {}, .watched = {}};
    HandlerRun& run = observation.run;
    if (hub.options().deliveries) {
        run.event = {hub.ledger().origin, frame.bare.draft != nullptr ? frame.bare.seq : frame.record->seq()};
        run.subscription = node.id;
        run.handler = node.observed_as;
        run.thread = frame.slot.index + 1;
        run.native_thread = native_thread_id();
    }
    run.start = hub.now();
    if (node.watched) observation.waited = waited(*node.watched, frame.record, run.start);
    return observation;
}

/// From here to `end_observing` the watchdog looks at it, if it is to.
inline void begin_watching(Hub& hub, Observation& observation, Node& node, const Record* record) noexcept {
    if (node.watched && node.watched->has_threshold())
        hub.watchdog().begin(observation.watched, node, *record, node.watched->slow_after);
}

/// `event`: the name of the one that the handler was given.
inline void end_observing(Hub& hub, const Node& node, std::string_view event, Observation&& observation) noexcept {
    if (observation.watched.node != nullptr) hub.watchdog().end(observation.watched);
    HandlerRun& run = observation.run;
    // The system's clock may be set back meanwhile.
    run.duration = std::max(hub.now() - run.start, Duration::zero());
    if (node.watched && node.watched->run) {
        WatchedName& of_name = hub.watched_names().of(event);
        node.watched->run->add(run.duration);
        of_name.run.add(run.duration);
        if (observation.waited) {
            node.watched->wait->add(*observation.waited);
            of_name.wait.add(*observation.waited);
        }
    }
    if (hub.options().deliveries) hub.options().deliveries->add(std::move(run));
}

class ObservedRun {
public:
    ObservedRun(Hub& hub, const Frame& frame, Node& node) noexcept
        : hub_(hub), frame_(frame), node_(node), observation_(begin_observing(hub, frame, node)) {
        begin_watching(hub, observation_, node, frame.record);
    }
    ObservedRun(const ObservedRun&) = delete;
    ObservedRun& operator=(const ObservedRun&) = delete;

    void succeeded() noexcept { observation_.run.failed = false; }

    ~ObservedRun() {
        const std::string_view event = frame_.bare.draft != nullptr ? frame_.bare.draft->name() : frame_.record->name();
        end_observing(hub_, node_, event, std::move(observation_));
    }

private:
    Hub& hub_;
    const Frame& frame_;
    const Node& node_;
    Observation observation_;
};

}  // namespace hindsight::detail

// SubscriptionSignal: the subscriptions of one event name, or all those with wildcards. Boost.Signals2 keeps the
// connections, their groups (priorities, and the order of connecting inside one) and the tracking of receivers; all
// signals have one erased signature. Emitting does not walk them: a snapshot is collected from them after changes.
#pragma once

#include <hindsight/detail/node.hpp>
#include <hindsight/detail/topic.hpp>

#include <boost/signals2/connection.hpp>
#include <boost/signals2/optional_last_value.hpp>
#include <boost/signals2/signal.hpp>
#include <boost/signals2/slot.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// Gathers, from the signals that it is passed to, the nodes that a topic's events are for.
class Collector {
public:
    /// `isolates`: failures of handlers are not the emitter's.
    Collector(const Topic& topic, bool isolates) noexcept : topic_(topic), isolates_(isolates) {}

    void offer(const NodePtr& node) {
        if (node->has(Node::dead) || !node->pattern->matches(topic_.name)) return;
        if (node->type != nullptr && !topic_.type.is(*node->type)) return;
        nodes_.push_back(node);
    }

    std::unique_ptr<Snapshot> finish() {
        auto snapshot = std::make_unique<Snapshot>();
        // Signals of names and of patterns come one after the other: put them into one order.
        std::ranges::sort(nodes_, [](const NodePtr& a, const NodePtr& b) {
            if (a->delivery != b->delivery) return a->delivery == Delivery::direct;
            if (a->delivery == Delivery::direct && a->priority != b->priority) return a->priority > b->priority;
            return a->id < b->id;
        });
        const auto is_direct = [](const NodePtr& node) { return node->delivery == Delivery::direct; };
        snapshot->direct_count = static_cast<std::size_t>(std::ranges::count_if(nodes_, is_direct));
        snapshot->filtered = std::ranges::any_of(nodes_, [](const NodePtr& node) { return node->filtered; });
        snapshot->nodes = std::move(nodes_);
        if (isolates_ && !snapshot->filtered) snapshot->needs = needs_of(*snapshot);
        return snapshot;
    }

private:
    static Snapshot::Needs needs_of(const Snapshot& unfiltered) noexcept {
        const std::size_t queued = unfiltered.queued().size();
        if (queued > Snapshot::most_in_handover) return Snapshot::Needs::thoroughness;
        if (queued > 0) return Snapshot::Needs::handover;
        const auto is_bare = [](const NodePtr& node) { return node->invoke_event != nullptr; };
        return std::ranges::all_of(unfiltered.nodes, is_bare) ? Snapshot::Needs::event : Snapshot::Needs::record;
    }

    const Topic& topic_;
    const bool isolates_;
    std::vector<NodePtr> nodes_;
};

class SubscriptionSignal {
public:
    /// Throws std::bad_alloc, changing nothing.
    void connect(const NodePtr& node) {
        Signal::slot_type slot([node](Collector& collector) { collector.offer(node); });
        if (node->receiver) slot.track_foreign(*node->receiver);
        auto connection = std::make_shared<boost::signals2::connection>();
        *connection = signal_.connect(node->priority, slot);
        node->registration = std::move(connection);
    }

    static void disconnect(Node& node) noexcept {
        static_cast<boost::signals2::connection*>(node.registration.get())->disconnect();
    }

    /// Not under a lock: a receiver that is let go of elsewhere meanwhile dies here.
    void collect(Collector& collector) { signal_(collector); }

private:
    using Signal =
        boost::signals2::signal<void(Collector&), boost::signals2::optional_last_value<void>, int, std::greater<>>;
    Signal signal_;
};

}  // namespace hindsight::detail

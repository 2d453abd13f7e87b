// SubscriptionSignal: the subscriptions of one event name, or all those with wildcards. Boost.Signals2 keeps the
// connections and their groups (priorities, and the order of connecting inside one); all signals have one erased
// signature. Emitting does not walk them: a snapshot is collected from them after changes. It does not track receivers:
// it would leave out those that are gone, and nobody would come to end their subscriptions, as the next call does.
#pragma once

#include <hindsight/detail/node.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/topic.hpp>
#include <hindsight/detail/watched.hpp>

#include <boost/signals2/connection.hpp>
#include <boost/signals2/optional_last_value.hpp>
#include <boost/signals2/signal.hpp>
#include <boost/signals2/slot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// Gathers, from the signals that it is passed to, the nodes that a topic's events are for.
class Collector {
public:
    /// `isolates`: failures of handlers are not the emitter's.
    Collector(const Topic& topic, bool isolates) noexcept : topic_(topic), isolates_(isolates) {}

    /// From here on, nodes are offered that may be for other names.
    void match_patterns() noexcept { matches_patterns_ = true; }

    void offer(Node& node) {
        if (node.observes ? !is_for_observer(node) : !is_for_subscriber(node)) return;
        if (!expose(node)) return;
        if (node.intercept != nullptr) return middleware_.push_back(NodePtr::share(node));
        // Asked once: it may change meanwhile, which makes the snapshot an old one, but must not confuse the sorting.
        std::vector<NodePtr>& nodes = node.takes_queued() ? queued_ : direct_;
        const auto comes_before = &nodes == &queued_ ? came_earlier : has_precedence;
        in_order_ = in_order_ && (nodes.empty() || comes_before(*nodes.back(), node));
        nodes.push_back(NodePtr::share(node));
        filtered_ = filtered_ || node.filtered;
        holds_back_ = holds_back_ || node.hold_back != nullptr;
        // Who tells of a slow handler needs the record.
        bare_ = bare_ && node.invoke_event != nullptr && !(node.watched && node.watched->has_threshold());
    }

    /// `conversion`: of dynamic events of the topic's name, if one is known.
    std::unique_ptr<Snapshot> finish(const Conversion& conversion) {
        auto snapshot = std::make_unique<Snapshot>();
        // Signals of names and of patterns come one after the other: put them into one order.
        if (!in_order_) {
            put_in_order(direct_, has_precedence);
            put_in_order(queued_, came_earlier);
        }
        put_in_order(middleware_, came_earlier);
        snapshot->direct_count = direct_.size();
        snapshot->filtered = filtered_;
        snapshot->holds_back = holds_back_;
        snapshot->converts = converts_;
        snapshot->conversion = conversion;
        snapshot->converting_observers = std::move(converting_observers_);
        snapshot->needs = needs();
        snapshot->middleware = std::move(middleware_);
        snapshot->nodes = std::move(direct_);
        if (snapshot->nodes.empty()) {
            snapshot->nodes = std::move(queued_);
        } else if (!queued_.empty()) {
            snapshot->nodes.insert(snapshot->nodes.end(), queued_.begin(), queued_.end());
        }
        return snapshot;
    }

private:
    bool is_for_subscriber(const Node& node) noexcept {
        if (matches_patterns_ && !node.pattern->matches(topic_.name)) return false;
        if (node.type == nullptr || node.type == known_type_) return true;
        if (topic_.type.is(*node.type)) {
            known_type_ = node.type;
            return true;
        }
        if (node.type->is_base) return node.intercept == nullptr && topic_.derives_from(*node.type);
        const bool converts = topic_.dynamic && !node.type->self_named && node.intercept == nullptr;
        converts_ = converts_ || converts;
        return converts;
    }

    bool is_for_observer(const Node& node) {
        if (node.observes->takes(topic_.name, topic_.type)) return true;
        const EventType* const converted = topic_.dynamic ? node.observes->converted(topic_.name) : nullptr;
        if (converted == nullptr) return false;
        converting_observers_.emplace_back(&node, converted);
        converts_ = true;
        return true;
    }

    /// Tells whoever ends the node later that it may be running; false if that has come first (see quiescence.hpp).
    static bool expose(Node& node) noexcept {
        std::uint32_t flags = node.flags.load(std::memory_order_seq_cst);
        if ((flags & Node::unseen) != 0)
            flags = node.flags.fetch_and(~std::uint32_t{Node::unseen}, std::memory_order_seq_cst);
        return (flags & Node::dead) == 0;
    }

    static bool came_earlier(const Node& a, const Node& b) noexcept { return a.id < b.id; }
    static bool has_precedence(const Node& a, const Node& b) noexcept {
        return a.priority != b.priority ? a.priority > b.priority : came_earlier(a, b);
    }
    static void put_in_order(std::vector<NodePtr>& nodes, bool (*comes_before)(const Node&, const Node&)) {
        std::ranges::sort(nodes, [&](const NodePtr& a, const NodePtr& b) { return comes_before(*a, *b); });
        // A connection that failed half-way was made once more.
        const auto same = [](const NodePtr& a, const NodePtr& b) { return a.get() == b.get(); };
        nodes.erase(std::unique(nodes.begin(), nodes.end(), same), nodes.end());
    }

    Snapshot::Needs needs() const noexcept {
        if (!isolates_ || filtered_ || holds_back_ || converts_ || !middleware_.empty() ||
            queued_.size() > Snapshot::most_in_handover)
            return Snapshot::Needs::thoroughness;
        if (!queued_.empty()) return Snapshot::Needs::handover;
        if (!bare_) return Snapshot::Needs::record;
        return direct_.size() == 1 ? Snapshot::Needs::one_event : Snapshot::Needs::event;
    }

    const Topic& topic_;
    const bool isolates_;
    bool matches_patterns_ = false;
    const EventType* known_type_ = nullptr;  // the last one that was found to be the topic's
    std::vector<NodePtr> direct_, queued_, middleware_;
    bool in_order_ = true;
    bool filtered_ = false;
    bool holds_back_ = false;
    bool converts_ = false;
    std::vector<std::pair<const Node*, const EventType*>> converting_observers_;
    bool bare_ = true;  // all take the event without its record
};

/// What Signals2 holds of a node: calling it offers the node to a collector. Only copies own a reference, as Signals2
/// keeps a copy of what it is passed.
class Offer {
public:
    using result_type = void;

    Offer() noexcept = default;
    Offer(const Offer& other) noexcept : owned_(NodePtr::share(*other.node_)), node_(owned_.get()) {}
    Offer& operator=(const Offer&) = delete;
    Offer& operator=(Node* borrowed) noexcept {
        node_ = borrowed;
        return *this;
    }
    void operator()(Collector& collector) const { collector.offer(*node_); }

private:
    NodePtr owned_;
    Node* node_ = nullptr;
};

class SubscriptionSignal {
public:
    /// Throws std::bad_alloc; the node may be offered then, and may be connected once more.
    void connect(Node& node) {
        Signal::slot_type slot(&node);
        ::new (node.registration.connection) Connection(signal_.connect(node.priority, slot));
    }

    static void disconnect(Node& node) noexcept {
        auto& connection = *std::launder(reinterpret_cast<Connection*>(node.registration.connection));
        connection.disconnect();
        std::destroy_at(&connection);
    }

    /// Not under a lock: a receiver that is let go of elsewhere meanwhile dies here.
    void collect(Collector& collector) { signal_(collector); }

private:
    using Connection = boost::signals2::connection;
    using Signal =
        boost::signals2::signal<void(Collector&), boost::signals2::optional_last_value<void>, int, std::greater<>,
                                Offer, std::function<void(const Connection&, Collector&)>, ShortLock>;
    static_assert(sizeof(Connection) <= sizeof(Registration::connection) && alignof(Connection) <= alignof(void*));
    Signal signal_;
};

}  // namespace hindsight::detail

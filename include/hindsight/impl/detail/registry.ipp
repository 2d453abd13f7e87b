#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/registry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/subscription_signal.hpp>

#include <mutex>
#include <thread>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Registry::Registry(std::size_t max_names, bool isolates)
    : max_names_(max_names), isolates_(isolates), wildcards_(std::make_shared<SubscriptionSignal>()) {}

HINDSIGHT_INLINE Registry::~Registry() {
    // A queued handler may end its bus while the thread that emitted the event is on its last steps out of it. That
    // thread's cell was written before the event could be taken, so it is seen here; that the cell is empty again
    // acquires those steps.
    const ThreadSlot* const me = ThreadSlot::current_or_null();
    ThreadSlots::instance().for_each([&](const ThreadSlot& slot) {
        if (&slot == me) return;
        slot.for_each_cell([this](const Cell& cell) {
            while (owns(fenced_load(cell.snapshot))) std::this_thread::yield();
        });
    });
}

HINDSIGHT_INLINE bool Registry::owns(const Snapshot* snapshot) const noexcept {
    if (snapshot == nullptr) return false;
    bool found = retired_.contains(snapshot);
    for_each_topic(
        [&](const Topic& topic) { found = found || topic.snapshot.load(std::memory_order_relaxed) == snapshot; });
    return found;
}

HINDSIGHT_INLINE Registry::Name& Registry::name_locked(std::string_view text) {
    if (const auto found = names_.find(text); found != names_.end()) return found->second;
    return names_.try_emplace(std::string(text)).first->second;
}

HINDSIGHT_INLINE Topic& Registry::typed_topic_locked(const EventType& type) {
    Name& name = name_locked(type.name);
    if (!name.typed) name.typed = std::make_unique<Topic>(type.name, type);
    if (!name.typed->type.is(type)) {
        throw TypeConflict("the event name \"" + std::string(type.name) + "\" belongs to the type " +
                           name.typed->type.type_name + ", not to " + type.info->name() +
                           " (a name has one C++ type, the same in all shared libraries)");
    }
    topics_by_type_.add(type, *name.typed);
    return *name.typed;
}

HINDSIGHT_INLINE Topic& Registry::look_up(const Draft& draft, std::unique_ptr<Topic>& owned) {
    if (draft.type.self_named) {
        const std::shared_lock lock(mutex_);
        const auto found = names_.find(draft.name());
        if (found != names_.end() && found->second.self_named) return *found->second.self_named;
    }
    const std::lock_guard lock(mutex_);
    if (!draft.type.self_named) return typed_topic_locked(draft.type);
    if (names_.size() >= max_names_ && names_.find(draft.name()) == names_.end()) {
        owned = std::make_unique<Topic>(draft.name(), draft.type);
        return *owned;
    }
    Name& name = name_locked(draft.name());
    if (!name.self_named) name.self_named = std::make_unique<Topic>(draft.name(), draft.type);
    return *name.self_named;
}

HINDSIGHT_INLINE SubscriptionSignal& Registry::signal_for_locked(const Node& node) {
    const std::string_view text = node.pattern->text();
    const bool known = names_.find(text) != names_.end();
    if (!node.pattern->exact() || (!known && names_.size() >= max_names_)) return *wildcards_;
    Name& name = name_locked(text);
    if (!name.exact) name.exact = std::make_shared<SubscriptionSignal>();
    return *name.exact;
}

HINDSIGHT_INLINE void Registry::connect(Node& node) {
    const std::lock_guard lock(mutex_);
    if (node.type != nullptr && !node.type->self_named) typed_topic_locked(*node.type);
    node.id = last_id_ + 1;
    const auto place = nodes_.emplace(node.id, NodePtr::share(node)).first;
    try {
        signal_for_locked(node).connect(place->second);
    } catch (...) {
        // Signals2 may have kept a part of the connection: nothing of it is to be called.
        node.flags.fetch_or(Node::dead, std::memory_order_seq_cst);
        nodes_.erase(place);
        throw;
    }
    ++last_id_;
    mark_stale_locked(node);
}

HINDSIGHT_INLINE bool Registry::disconnect(Node& node) noexcept {
    NodePtr keep;
    const std::lock_guard lock(mutex_);
    const auto found = nodes_.find(node.id);
    if (found == nodes_.end()) return false;
    keep = std::move(found->second);
    nodes_.erase(found);
    SubscriptionSignal::disconnect(node);
    mark_stale_locked(node);
    return true;
}

HINDSIGHT_INLINE void Registry::mark_stale_locked(const Node& node) noexcept {
    const auto mark = [](const std::unique_ptr<Topic>& topic) {
        if (!topic) return;
        ++topic->generation;
        topic->stale.store(true, std::memory_order_seq_cst);
    };
    if (node.pattern->exact()) {
        const auto found = names_.find(node.pattern->text());
        if (found == names_.end()) return;
        mark(found->second.typed);
        mark(found->second.self_named);
        return;
    }
    for (const auto& [text, name] : names_) {
        if (!node.pattern->matches(text)) continue;
        mark(name.typed);
        mark(name.self_named);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Registry::rebuild(Topic& topic) {
    for (;;) {
        std::uint64_t generation = 0;
        std::shared_ptr<SubscriptionSignal> exact;
        {
            const std::shared_lock lock(mutex_);
            if (!topic.stale.load(std::memory_order_relaxed)) return;
            generation = topic.generation;
            if (const auto found = names_.find(topic.name); found != names_.end()) exact = found->second.exact;
        }
        Collector collector(topic, isolates_);
        if (exact) exact->collect(collector);
        wildcards_->collect(collector);
        std::unique_ptr<const Snapshot> fresh = collector.finish();

        RetiredSnapshots::List unused;  // destroyed after unlocking
        const std::lock_guard lock(mutex_);
        if (topic.generation != generation) continue;
        retired_.reserve_one();
        unused = retired_.collect();
        if (const Snapshot* old = topic.snapshot.exchange(fresh.release(), std::memory_order_seq_cst))
            retired_.add(old);
        topic.stale.store(false, std::memory_order_release);
        return;
    }
}

HINDSIGHT_INLINE NodePtr Registry::node_after(std::uint64_t id) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto next = nodes_.upper_bound(id);
    return next != nodes_.end() ? next->second : NodePtr();
}

HINDSIGHT_INLINE std::vector<NodePtr> Registry::nodes() const {
    const std::shared_lock lock(mutex_);
    std::vector<NodePtr> all;
    all.reserve(nodes_.size());
    for (const auto& [id, node] : nodes_) all.push_back(node);
    return all;
}

}  // namespace hindsight::detail

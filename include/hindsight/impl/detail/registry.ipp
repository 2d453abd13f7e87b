#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/registry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/impl/detail/subscription_signal.hpp>

#include <mutex>
#include <thread>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Registry::Registry(std::size_t max_names, bool isolates)
    : max_names_(max_names), isolates_(isolates), wildcards_(std::make_shared<SubscriptionSignal>()) {
    ThreadSlots::instance();  // chooses the fence that the locks of the signals rely on
}

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
    while (first_ != nullptr) disconnect(*first_);
}

HINDSIGHT_INLINE bool Registry::owns(const Snapshot* snapshot) const noexcept {
    if (snapshot == nullptr) return false;
    bool found = retired_.contains(snapshot);
    for_each_topic([&](const Topic& topic) { found = found || topic.newest.get() == snapshot; });
    return found;
}

HINDSIGHT_INLINE NameEntry& Registry::name_locked(std::string_view text) {
    if (const auto found = names_.find(text); found != names_.end()) return found->second;
    return names_.try_emplace(std::string(text)).first->second;
}

HINDSIGHT_INLINE NameEntry& Registry::typed_name_locked(const EventType& type) {
    NameEntry& name = name_locked(type.name);
    if (!name.typed) name.typed = std::make_unique<Topic>(type.name, type);
    if (!name.typed->type.is(type)) {
        throw TypeConflict("the event name \"" + std::string(type.name) + "\" belongs to the type " +
                           readable_type_name(name.typed->type.type_name) + ", not to " + readable_type_name(type) +
                           " (a name has one C++ type, the same in all shared libraries)");
    }
    topics_by_type_.add(type, *name.typed);
    return name;
}

HINDSIGHT_INLINE Topic* Registry::find(const Draft& draft) const noexcept {
    if (!draft.type.self_named) return find(draft.type);
    const std::shared_lock lock(mutex_);
    const auto found = names_.find(draft.name());
    return found == names_.end() ? nullptr : find_self_named(found->second, draft.type);
}

HINDSIGHT_INLINE Topic& Registry::look_up(const Draft& draft, std::unique_ptr<Topic>& owned) {
    const std::lock_guard lock(mutex_);
    if (!draft.type.self_named) return *typed_name_locked(draft.type).typed;
    if (names_.size() >= max_names_ && names_.find(draft.name()) == names_.end()) {
        owned = std::make_unique<Topic>(draft.name(), draft.type);
        return *owned;
    }
    NameEntry& name = name_locked(draft.name());
    if (Topic* const topic = find_self_named(name, draft.type)) return *topic;
    return *name.self_named.emplace_back(std::make_unique<Topic>(draft.name(), draft.type));
}

HINDSIGHT_INLINE Topic* Registry::find_self_named(const NameEntry& name, const EventType& type) noexcept {
    for (const auto& topic : name.self_named) {
        if (topic->type.is(type)) return topic.get();
    }
    return nullptr;
}

HINDSIGHT_INLINE void Registry::set_conversion(const Conversion& conversion) {
    const std::lock_guard lock(mutex_);
    NameEntry& name = typed_name_locked(*conversion.to);
    name.conversion = conversion;
    for (const auto& topic : name.self_named) mark_changed(*topic);
}

HINDSIGHT_INLINE Conversion Registry::conversion_to(const EventType& to) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto found = names_.find(to.name);
    if (found == names_.end() || !found->second.conversion || !same_type(*found->second.conversion.to, to)) return {};
    return found->second.conversion;
}

HINDSIGHT_INLINE void Registry::forget_conversion(const EventType& to) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(to.name);
    if (found == names_.end() || !found->second.conversion || !found->second.typed->type.is(to)) return;
    found->second.conversion = {};
    for (const auto& topic : found->second.self_named) mark_changed(*topic);
}

HINDSIGHT_INLINE NameEntry* Registry::name_for_locked(const Node& node) {
    const std::string_view text = node.pattern->text();
    NameEntry* name = nullptr;
    if (node.type != nullptr && !node.type->self_named) {
        name = &typed_name_locked(*node.type);  // its pattern is the name of its type
    } else if (node.pattern->exact()) {
        const auto found = names_.find(text);
        if (found != names_.end()) name = &found->second;
        if (name == nullptr && names_.size() < max_names_) name = &name_locked(text);
    }
    if (name == nullptr) return nullptr;
    if (!name->exact) name->exact = std::make_shared<SubscriptionSignal>();
    return name;
}

HINDSIGHT_INLINE void Registry::prepare_to_connect_locked(Node& node) {
    node.registration.name = name_for_locked(node);
    node.id = ++last_id_;
}

HINDSIGHT_INLINE bool Registry::disconnect(Node& node) noexcept {
    NodePtr keep;
    const std::lock_guard lock(mutex_);
    if (!node.registration.connected) return false;
    keep = NodePtr(&node);
    remove_locked(node);
    if (std::exchange(node.registration.has_connection, false)) SubscriptionSignal::disconnect(node);
    mark_changed_locked(node);
    return true;
}

HINDSIGHT_INLINE void Registry::make_connections_locked() {
    while (Node* const node = first_without_connection_) {
        NameEntry* const name = node->registration.name;
        (name != nullptr ? *name->exact : *wildcards_).connect(*node);
        node->registration.has_connection = true;
        first_without_connection_ = node->registration.next;
    }
}

HINDSIGHT_INLINE void Registry::append_locked(Node& node) noexcept {
    add_reference(node);
    node.registration.connected = true;
    node.registration.previous = last_;
    (last_ != nullptr ? last_->registration.next : first_) = &node;
    last_ = &node;
    if (first_without_connection_ == nullptr) first_without_connection_ = &node;
    ++count_;
}

HINDSIGHT_INLINE void Registry::remove_locked(Node& node) noexcept {
    Registration& here = node.registration;
    if (first_without_connection_ == &node) first_without_connection_ = here.next;
    (here.previous != nullptr ? here.previous->registration.next : first_) = here.next;
    (here.next != nullptr ? here.next->registration.previous : last_) = here.previous;
    here.connected = false;
    here.previous = here.next = nullptr;
    --count_;
}

HINDSIGHT_INLINE void Registry::mark_changed(Topic& topic) noexcept {
    ++topic.generation;
    topic.current.store(nullptr, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE void Registry::mark_changed_locked(const Node& node) noexcept {
    version_.fetch_add(1, std::memory_order_seq_cst);
    const auto mark = [](const NameEntry& name) {
        if (name.typed) mark_changed(*name.typed);
        for (const auto& topic : name.self_named) mark_changed(*topic);
    };
    const NameEntry* name = node.registration.name;
    if (name == nullptr && node.pattern->exact()) {  // beyond max_names
        const auto found = names_.find(node.pattern->text());
        if (found == names_.end()) return;
        name = &found->second;
    }
    if (name != nullptr) {
        mark(*name);
        return;
    }
    for (const auto& [text, each] : names_) {
        if (node.pattern->matches(text)) mark(each);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Registry::rebuild(Topic& topic) {
    for (;;) {
        std::uint64_t generation = 0;
        std::shared_ptr<SubscriptionSignal> exact;
        Conversion conversion;
        {
            const std::lock_guard lock(mutex_);
            if (topic.current.load(std::memory_order_relaxed) != nullptr) return;
            make_connections_locked();
            generation = topic.generation;
            if (const auto found = names_.find(topic.name); found != names_.end()) {
                exact = found->second.exact;
                conversion = found->second.conversion;
            }
        }
        Collector collector(topic, isolates_);
        if (exact) exact->collect(collector);
        collector.match_patterns();
        wildcards_->collect(collector);
        std::unique_ptr<const Snapshot> fresh = collector.finish(conversion);

        RetiredSnapshots::List unused;  // destroyed after unlocking
        const std::lock_guard lock(mutex_);
        if (topic.generation != generation) continue;
        retired_.reserve_one();
        unused = retired_.collect();
        topic.newest.swap(fresh);
        topic.current.store(topic.newest.get(), std::memory_order_seq_cst);
        if (fresh) retired_.add(std::move(fresh));
        return;
    }
}

HINDSIGHT_INLINE NodePtr Registry::node_after(const Node* previous) const noexcept {
    const std::shared_lock lock(mutex_);
    const bool has_place = previous != nullptr && previous->registration.connected;
    Node* next = has_place ? previous->registration.next : first_;
    // One that was taken out meanwhile is looked for: at the front, if the walk takes out whatever it meets.
    while (!has_place && previous != nullptr && next != nullptr && next->id <= previous->id) {
        next = next->registration.next;
    }
    return next != nullptr ? NodePtr::share(*next) : NodePtr();
}

HINDSIGHT_INLINE std::vector<NodePtr> Registry::nodes() const {
    const std::shared_lock lock(mutex_);
    std::vector<NodePtr> all;
    all.reserve(count_);
    for (Node* node = first_; node != nullptr; node = node->registration.next) all.push_back(NodePtr::share(*node));
    return all;
}

}  // namespace hindsight::detail

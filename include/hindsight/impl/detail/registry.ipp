#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/registry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/impl/detail/subscription_signal.hpp>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Registry::Registry(std::size_t max_names, bool isolates)
    : max_names_(max_names), isolates_(isolates), bus_(nullptr, std::make_shared<SubscriptionSignal>()) {
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
    const std::shared_lock lock(mutex_);
    bool found = retired_.contains(snapshot);
    for_each_scope_in_locked(bus_, [&](const ScopeEntry& scope) {
        visit_topics(scope, [&](const Topic& topic) { found = found || topic.newest.get() == snapshot; });
    });
    return found;
}

HINDSIGHT_INLINE NameEntry& Registry::name_locked(ScopeEntry& scope, std::string_view text) {
    if (const auto found = scope.names.find(text); found != scope.names.end()) return found->second;
    NameEntry& made = scope.names.try_emplace(std::string(text)).first->second;
    ++name_count_;
    return made;
}

HINDSIGHT_INLINE NameEntry* Registry::name_if_allowed_locked(ScopeEntry& scope, std::string_view text) {
    if (const auto found = scope.names.find(text); found != scope.names.end()) return &found->second;
    return name_count_ < max_names_ ? &name_locked(scope, text) : nullptr;
}

HINDSIGHT_INLINE NameEntry& Registry::typed_name_locked(const EventType& type) {
    NameEntry& name = name_locked(bus_, type.name);
    if (!name.typed) name.typed = std::make_unique<Topic>(type.name, type);
    if (!name.typed->type.is(type)) {
        throw TypeConflict("the event name \"" + std::string(type.name) + "\" belongs to the type " +
                           readable_type_name(name.typed->type.type_name) + ", not to " + readable_type_name(type) +
                           " (a name has one C++ type, the same in all shared libraries)");
    }
    bus_.topics_by_type.add(type, *name.typed);
    return name;
}

HINDSIGHT_INLINE Topic* Registry::find(const Draft& draft, const ScopeEntry* scope) const noexcept {
    if (scope == nullptr && !draft.scope().empty()) return nullptr;
    const ScopeEntry& place = scope != nullptr ? *scope : bus_;
    if (!draft.type.self_named) return place.topics_by_type.find(draft.type);
    const std::shared_lock lock(mutex_);
    const auto found = place.names.find(draft.name());
    return found == place.names.end() ? nullptr : find_self_named(found->second, draft.type);
}

HINDSIGHT_INLINE Topic& Registry::look_up(const Draft& draft, std::unique_ptr<Topic>& owned, ScopeEntry* scope) {
    const std::lock_guard lock(mutex_);
    Topic* const in_bus = topic_in_bus_locked(draft);
    if (draft.scope().empty() && in_bus != nullptr) return *in_bus;
    if (scope != nullptr && in_bus != nullptr && !scope->ended) {
        if (Topic* const in_scope = topic_in_locked(*scope, draft, *in_bus)) return *in_scope;
    }
    owned = std::make_unique<Topic>(draft.name(), draft.type, draft.scope(), in_bus);
    return *owned;
}

HINDSIGHT_INLINE Topic* Registry::topic_in_bus_locked(const Draft& draft) {
    if (!draft.type.self_named) return typed_name_locked(draft.type).typed.get();
    NameEntry* const name = name_if_allowed_locked(bus_, draft.name());
    if (name == nullptr) return nullptr;
    if (Topic* const topic = find_self_named(*name, draft.type)) return topic;
    return name->self_named.emplace_back(std::make_unique<Topic>(draft.name(), draft.type)).get();
}

HINDSIGHT_INLINE Topic* Registry::topic_in_locked(ScopeEntry& scope, const Draft& draft, Topic& in_bus) {
    NameEntry* const name = name_if_allowed_locked(scope, draft.name());
    if (name == nullptr) return nullptr;
    const auto make = [&] { return std::make_unique<Topic>(draft.name(), draft.type, *scope.name, &in_bus); };
    if (draft.type.self_named) {
        if (Topic* const topic = find_self_named(*name, draft.type)) return topic;
        return name->self_named.emplace_back(make()).get();
    }
    if (!name->typed) name->typed = make();
    scope.topics_by_type.add(draft.type, *name->typed);
    return name->typed.get();
}

HINDSIGHT_INLINE Topic* Registry::find_self_named(const NameEntry& name, const EventType& type) noexcept {
    for (const auto& topic : name.self_named) {
        if (topic->type.is(type)) return topic.get();
    }
    return nullptr;
}

HINDSIGHT_INLINE void Registry::set_conversion(const Conversion& conversion) {
    const std::lock_guard lock(mutex_);
    typed_name_locked(*conversion.to).conversion = conversion;
    mark_dynamic_changed_locked(conversion.to->name);
}

HINDSIGHT_INLINE Conversion Registry::conversion_to(const EventType& to) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto found = bus_.names.find(to.name);
    if (found == bus_.names.end() || !found->second.conversion || !same_type(*found->second.conversion.to, to))
        return {};
    return found->second.conversion;
}

HINDSIGHT_INLINE void Registry::forget_conversion(const EventType& to) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = bus_.names.find(to.name);
    if (found == bus_.names.end() || !found->second.conversion || !found->second.typed->type.is(to)) return;
    found->second.conversion = {};
    mark_dynamic_changed_locked(to.name);
}

HINDSIGHT_INLINE void Registry::mark_dynamic_changed_locked(std::string_view name) noexcept {
    for_each_scope_in_locked(bus_, [&](const ScopeEntry& scope) {
        const auto found = scope.names.find(name);
        if (found == scope.names.end()) return;
        for (const auto& topic : found->second.self_named) mark_changed(*topic);
    });
}

HINDSIGHT_INLINE NameEntry* Registry::name_for_locked(const Node& node) {
    if (node.observes) return nullptr;
    NameEntry* name = nullptr;
    if (node.type != nullptr && node.type->is_base) {
        if (!node.type->name.empty()) typed_name_locked(*node.type);
    } else if (node.type != nullptr && !node.type->self_named) {
        name = &typed_name_locked(*node.type);  // its pattern is the name of its type
        if (node.registration.scope != nullptr) name = name_if_allowed_locked(scope_of(node), node.type->name);
    } else if (node.pattern->exact()) {
        name = name_if_allowed_locked(scope_of(node), node.pattern->text());
    }
    if (name == nullptr) return nullptr;
    if (!name->exact) name->exact = std::make_shared<SubscriptionSignal>();
    return name;
}

HINDSIGHT_INLINE void Registry::prepare_to_connect_locked(Node& node) {
    ScopeEntry* const scope = node.registration.scope;
    if (scope != nullptr && scope->ended) throw Closed("subscribe: the scope \"" + *scope->name + "\" has ended");
    node.registration.name = name_for_locked(node);
    if (node.observes) {
        if (std::ranges::any_of(observers_, [&](const Node* each) { return is_node_of_same(*each, node); }))
            throw AlreadyAttached();
        prepare_types_locked(node.observes->overloads());
        observers_.reserve(observers_.size() + 1);
    }
    if (scope != nullptr) scope->nodes.insert(&node);
    node.id = ++last_id_;
}

HINDSIGHT_INLINE void Registry::prepare_types_locked(std::span<const Overload> overloads) {
    for (const Overload& each : overloads) {
        if (each.type != nullptr && !each.type->self_named) typed_name_locked(*each.type);
    }
}

HINDSIGHT_INLINE NodePtr Registry::find_observer(const ObserverDraft& observer) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto found = std::ranges::find_if(observers_, [&](Node* each) { return is_node_of(*each, observer); });
    return found != observers_.end() ? NodePtr::share(**found) : NodePtr();
}

HINDSIGHT_INLINE bool Registry::attach_again(Node& node, const Attachment& attachment) {
    const std::lock_guard lock(mutex_);
    if (!node.registration.connected || node.has(Node::dead) || !node.observes->is_attached()) return false;
    prepare_types_locked(attachment.overloads);
    node.observes->add(attachment.overloads);
    mark_changed_locked(node);
    return true;
}

HINDSIGHT_INLINE bool Registry::end_attachment(Node& node, const Attachment& attachment) noexcept {
    const std::lock_guard lock(mutex_);
    const bool last = node.observes->remove(attachment.overloads);
    mark_changed_locked(node);
    if (last) std::erase(observers_, &node);
    return last;
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
        (name != nullptr ? *name->exact : *scope_of(*node).wildcards).connect(*node);
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
    if (node.observes) observers_.push_back(&node);
    ++count_;
}

HINDSIGHT_INLINE void Registry::remove_locked(Node& node) noexcept {
    Registration& here = node.registration;
    if (first_without_connection_ == &node) first_without_connection_ = here.next;
    (here.previous != nullptr ? here.previous->registration.next : first_) = here.next;
    (here.next != nullptr ? here.next->registration.previous : last_) = here.previous;
    if (node.observes) std::erase(observers_, &node);
    if (here.scope != nullptr) here.scope->nodes.erase(&node);
    here.connected = false;
    here.previous = here.next = nullptr;
    --count_;
}

HINDSIGHT_INLINE void Registry::mark_changed(Topic& topic) noexcept {
    ++topic.generation;
    // Only under the mutex does it get a snapshot: where it has none, nobody has one to lose.
    if (topic.current.load(std::memory_order_relaxed) != nullptr)
        topic.current.store(nullptr, std::memory_order_seq_cst);
}

HINDSIGHT_INLINE void Registry::mark_changed_locked(const Node& node) noexcept {
    version_.fetch_add(1, std::memory_order_seq_cst);
    const auto mark = [](const NameEntry& name) { visit_topics(name, mark_changed); };
    ScopeEntry& own = scope_of(node);
    for_each_scope_in_locked(own, [&](const ScopeEntry& scope) {
        if (node.observes) {
            for (const auto& [text, each] : scope.names) {
                if (node.observes->concerns(text)) mark(each);
            }
        } else if (&scope == &own && node.registration.name != nullptr) {
            mark(*node.registration.name);
        } else if (node.pattern->exact()) {  // of another scope, or beyond max_names
            const auto found = scope.names.find(node.pattern->text());
            if (found != scope.names.end()) mark(found->second);
        } else {
            for (const auto& [text, each] : scope.names) {
                if (node.pattern->matches(text)) mark(each);
            }
        }
    });
}

template <class F>
void Registry::for_each_scope_in_locked(const ScopeEntry& upper, F visit) const {
    visit(upper);
    if (scopes_.empty()) return;
    if (!upper.name) {
        for (const auto& [_, each] : scopes_) visit(*each);
        return;
    }
    const std::string& name = *upper.name;
    for (auto each = scopes_.upper_bound(name); each != scopes_.end() && each->first.starts_with(name); ++each) {
        if (is_in_scope(each->first, name)) visit(*each->second);
    }
}

template <class F>
void Registry::for_each_scope_around_locked(std::string_view scope, F visit) const {
    for (std::size_t end = 0; end < scope.size();) {
        end += segment_at(scope, end).size();
        if (const auto found = scopes_.find(scope.substr(0, end)); found != scopes_.end()) visit(*found->second);
        ++end;
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Registry::rebuild(Topic& topic) {
    for (;;) {
        std::uint64_t generation = 0;
        std::shared_ptr<SubscriptionSignal> exact;
        std::vector<std::shared_ptr<SubscriptionSignal>> exact_in_scopes, wildcards_in_scopes;
        Conversion conversion;
        {
            const std::lock_guard lock(mutex_);
            if (topic.current.load(std::memory_order_relaxed) != nullptr) return;
            make_connections_locked();
            generation = topic.generation;
            if (const auto found = bus_.names.find(topic.name); found != bus_.names.end()) {
                exact = found->second.exact;
                conversion = found->second.conversion;
            }
            for_each_scope_around_locked(topic.scope, [&](const ScopeEntry& scope) {
                const auto found = scope.names.find(topic.name);
                if (found != scope.names.end() && found->second.exact) exact_in_scopes.push_back(found->second.exact);
                wildcards_in_scopes.push_back(scope.wildcards);
            });
        }
        Collector collector(topic, isolates_);
        if (exact) exact->collect(collector);
        for (const auto& each : exact_in_scopes) each->collect(collector);
        collector.match_patterns();
        bus_.wildcards->collect(collector);
        for (const auto& each : wildcards_in_scopes) each->collect(collector);
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

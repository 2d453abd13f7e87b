#pragma once

#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/scope_entry.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE void ObserverTypes::Attached::add(const Overload& overload) noexcept {
    overloads.push_back(overload);
    call = overload.call;
}

HINDSIGHT_INLINE void ObserverTypes::Attached::remove(const Overload& overload) noexcept {
    const auto found =
        std::ranges::find_if(overloads, [&](const Overload& each) { return each.type == overload.type; });
    overloads.erase(found);
    if (any()) call = overloads.back().call;
}

HINDSIGHT_INLINE ObserverTypes::Entry* ObserverTypes::find_locked(const EventType& type) const noexcept {
    const auto found = std::ranges::find_if(entries_, [&](const auto& each) { return each->identity.is(type); });
    return found != entries_.end() ? found->get() : nullptr;
}

HINDSIGHT_INLINE ObserverTypes::Attached* ObserverTypes::find_locked(const Overload& overload) noexcept {
    return overload.type == nullptr ? &to_all_ : find_locked(*overload.type);
}

HINDSIGHT_INLINE void ObserverTypes::add(std::span<const Overload> overloads) {
    const std::lock_guard lock(mutex_);
    entries_.reserve(entries_.size() + overloads.size());
    const std::size_t before = entries_.size();
    try {
        for (const Overload& each : overloads) {
            if (find_locked(each) == nullptr) entries_.push_back(std::make_unique<Entry>(*each.type));
            Attached& attached = *find_locked(each);
            attached.overloads.reserve(attached.overloads.size() + overloads.size());
        }
    } catch (...) {
        entries_.resize(before);
        throw;
    }
    for (const Overload& each : overloads) find_locked(each)->add(each);
    ++attachments_;
}

HINDSIGHT_INLINE bool ObserverTypes::remove(std::span<const Overload> overloads) noexcept {
    const std::lock_guard lock(mutex_);
    for (const Overload& each : overloads) find_locked(each)->remove(each);
    return --attachments_ == 0;
}

HINDSIGHT_INLINE bool ObserverTypes::is_attached() const noexcept {
    const std::shared_lock lock(mutex_);
    return attachments_ > 0;
}

HINDSIGHT_INLINE std::vector<Overload> ObserverTypes::overloads() const {
    const std::shared_lock lock(mutex_);
    std::vector<Overload> all(to_all_.overloads);
    for (const auto& each : entries_) all.insert(all.end(), each->overloads.begin(), each->overloads.end());
    return all;
}

HINDSIGHT_INLINE bool ObserverTypes::takes(std::string_view name, const TypeIdentity& type) const noexcept {
    const std::shared_lock lock(mutex_);
    if (to_all_.any() && !is_library_name(name)) return true;
    return std::ranges::any_of(entries_, [&](const auto& each) { return each->any() && type.is(each->type()); });
}

HINDSIGHT_INLINE bool ObserverTypes::takes(const Envelope& envelope) const noexcept {
    const std::shared_lock lock(mutex_);
    if (to_all_.any() && !is_library_name(envelope.name())) return true;
    const Entry* const entry = find_locked(*envelope.type);
    return entry != nullptr && entry->any();
}

HINDSIGHT_INLINE bool ObserverTypes::takes(const EventType& type) const noexcept {
    const std::shared_lock lock(mutex_);
    const Entry* const entry = find_locked(type);
    return to_all_.any() || (entry != nullptr && entry->any());
}

HINDSIGHT_INLINE bool ObserverTypes::takes(std::string_view name) const noexcept {
    const std::shared_lock lock(mutex_);
    if (to_all_.any() && !is_library_name(name)) return true;
    return std::ranges::any_of(entries_, [&](const auto& each) {
        return each->any() && (each->name == name || (each->self_named && !is_library_name(name)));
    });
}

HINDSIGHT_INLINE const EventType* ObserverTypes::converted(std::string_view name) const noexcept {
    const std::shared_lock lock(mutex_);
    if (to_all_.any()) return nullptr;
    const auto found = std::ranges::find_if(
        entries_, [&](const auto& each) { return each->any() && !each->self_named && each->name == name; });
    return found != entries_.end() ? &(*found)->type() : nullptr;
}

HINDSIGHT_INLINE bool ObserverTypes::takes_everything() const noexcept {
    const std::shared_lock lock(mutex_);
    return to_all_.any();
}

HINDSIGHT_INLINE bool ObserverTypes::concerns(std::string_view name) const noexcept {
    const std::shared_lock lock(mutex_);
    if (to_all_.call != nullptr) return true;
    return std::ranges::any_of(entries_, [&](const auto& each) { return each->self_named || each->name == name; });
}

HINDSIGHT_INLINE std::string ObserverTypes::pattern() const {
    const std::shared_lock lock(mutex_);
    const bool is_one = to_all_.call == nullptr && entries_.size() == 1 && !entries_.front()->self_named;
    return is_one ? entries_.front()->name : "*";
}

HINDSIGHT_INLINE void ObserverTypes::call(const Record& record) const {
    Call chosen = nullptr;
    {
        const std::shared_lock lock(mutex_);
        const Envelope& envelope = *record.envelope();
        const Entry* const entry = envelope.has(Envelope::has_payload) ? find_locked(*envelope.type) : nullptr;
        chosen = entry != nullptr ? entry->call : to_all_.call;
    }
    if (chosen != nullptr) chosen(object_, record);
}

namespace observer_types {

using Tracked = std::optional<std::weak_ptr<const void>>;

/// One that died may have left its address to another, and its subscription to the next event.
inline bool may_be_one(const Tracked& a, const Tracked& b) noexcept {
    return !a || !b || (!a->owner_before(*b) && !b->owner_before(*a));
}

struct CallObserver {
    void operator()(const Record& record) const { types->call(record); }
    const ObserverTypes* types;
};

}  // namespace observer_types

HINDSIGHT_INLINE bool is_node_of(const Node& node, const ObserverDraft& observer) noexcept {
    return node.observes && node.registration.scope == observer.scope &&
           node.observes->is_of(observer.object, *observer.as) && !node.has(Node::dead) &&
           observer_types::may_be_one(node.receiver, observer.tracked);
}

HINDSIGHT_INLINE bool is_node_of_same(const Node& node, const Node& other) noexcept {
    return node.observes && other.observes && node.registration.scope == other.registration.scope &&
           node.observes->is_like(*other.observes) && !node.has(Node::dead) &&
           observer_types::may_be_one(node.receiver, other.receiver);
}

HINDSIGHT_INLINE bool is_for(const Node& node, std::string_view event_name) noexcept {
    return node.observes ? node.observes->takes(event_name) : node.pattern->matches(event_name);
}

HINDSIGHT_INLINE NodePtr make_observer_node(const ObserverDraft& observer) {
    auto types = std::make_shared<ObserverTypes>(observer.object, *observer.as);
    types->add(observer.overloads);
    NodePtr node = Node::make(observer_types::CallObserver{types.get()});
    node->observes = std::move(types);
    node->receiver = observer.tracked;
    if (observer.scope != nullptr) put_into(*observer.scope, *node);
    return node;
}

}  // namespace hindsight::detail

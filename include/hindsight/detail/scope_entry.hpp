// ScopeEntry: what the registry knows of one scope, or of the bus itself, which all scopes lie in.
//
// Each has names and topics of its own: an event that is emitted in a scope finds that scope's topic, whose snapshot
// holds the subscribers of the scope and of those above it. So nothing is filtered when an event is emitted, and the
// topics of the bus itself know nothing of scopes.
#pragma once

#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/topic.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hindsight::detail {

class Hub;
struct ScopeHandle;
class SubscriptionSignal;

/// What the registry knows of one event name in one scope. Never removed while the scope is there.
struct NameEntry {
    std::shared_ptr<SubscriptionSignal> exact;
    std::unique_ptr<Topic> typed;
    std::vector<std::unique_ptr<Topic>> self_named;  // one for each type whose events have had the name
    Conversion conversion;                           // of dynamic events of the name; of the bus itself only
};

/// Guarded by the registry's mutex, but for the name and the lookup of types. Owned by the registry while it is open,
/// by its handles, and by who emits in it.
struct ScopeEntry {
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    using Names = std::unordered_map<std::string, NameEntry, TextHash, std::equal_to<>>;

    /// Null: the bus itself.
    explicit ScopeEntry(std::shared_ptr<const std::string> name_, std::shared_ptr<SubscriptionSignal> wildcards_)
        : name(std::move(name_)), topics_by_type(name ? 8 : 64), wildcards(std::move(wildcards_)) {}
    ScopeEntry(const ScopeEntry&) = delete;
    ScopeEntry& operator=(const ScopeEntry&) = delete;

    const std::shared_ptr<const std::string> name;
    Names names;
    TopicsByType topics_by_type;
    const std::shared_ptr<SubscriptionSignal> wildcards;  // and exact names beyond max_names

    // Of scopes only.
    std::size_t handles = 0;
    bool ended = false;
    std::unordered_set<Node*> nodes;           // that are connected
    std::unordered_set<ScopeHandle*> nested;   // handles of other scopes that were made through this one
    std::shared_ptr<ScopeEntry> ended_before;  // another that has ended in the same step
};

/// What a Scope is a handle to.
struct ScopeHandle {
    std::weak_ptr<Hub> hub;
    std::shared_ptr<ScopeEntry> entry;
    std::shared_ptr<ScopeEntry> made_in;  // the scope that it was made through, and ends with; null: the bus
    std::atomic<bool> ended{false};
};

/// For a node that is not connected yet.
inline void put_into(ScopeEntry& scope, Node& node) noexcept {
    node.registration.scope = &scope;
    node.scope = scope.name;
}

}  // namespace hindsight::detail

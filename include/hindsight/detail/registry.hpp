// Registry: who is subscribed to what, and the topics that emitting looks up. Boost.Signals2 (out of sight, in
// impl/detail/subscription_signal.hpp) keeps the connections.
//
// A change of subscriptions leaves the topics that it concerns without a current snapshot; the next emit of such a
// topic makes the connections that are still to be made, and collects a new snapshot, before it does anything else.
// Replaced snapshots are destroyed once no thread iterates them any more.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/scope_entry.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/topic.hpp>
#include <hindsight/pattern.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

struct Attachment;
struct ObserverDraft;
struct Overload;
class SubscriptionSignal;

/// Thread-safe. No user code runs under its mutex.
class HINDSIGHT_API Registry {
public:
    /// `max_names`: names that are only known at run time, and scopes with their names. `isolates`: failures of
    /// handlers are not the emitter's, nor is it looked at whether an event had any.
    Registry(std::size_t max_names, bool isolates);
    /// Waits for threads that are still in it with a pinned snapshot.
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// The topic of a type that was emitted or subscribed to before, and does not name its events itself; else null.
    /// Lock-free.
    Topic* find(const EventType& type) const noexcept { return bus_.topics_by_type.find(type); }
    /// The same, in few steps; null also for some types that are there.
    HINDSIGHT_ALWAYS_INLINE Topic* find_quickly(const EventType& type) const noexcept {
        return bus_.topics_by_type.find_quickly(type);
    }
    /// The topic of an event that was emitted before, and had a place among `max_names`, by its name if it must be.
    /// `scope`: that the draft is for; null for the bus itself, and where nobody has such a scope.
    Topic* find(const Draft& draft, const ScopeEntry* scope = nullptr) const noexcept;
    /// The topic of any checked draft. `owned` is set for a name beyond `max_names`, or a scope that nobody has: a
    /// topic for this one event. Throws TypeConflict when another type has the name, std::bad_alloc.
    Topic& look_up(const Draft& draft, std::unique_ptr<Topic>& owned, ScopeEntry* scope = nullptr);

    /// Makes this a handle of the scope of that name below `made_in` (null: below the bus), which is made if there is
    /// none; no name: of a new one. The handle is not to move from then on. Throws InvalidName, LimitReached,
    /// Closed (`made_in` has ended), std::bad_alloc; nothing has changed then.
    void open_scope(ScopeHandle& handle, std::optional<std::string_view> name, const ScopeHandle* made_in);
    /// The handle ends, unless it has. The scopes that end with it, each with the next one (`ended_before`): their
    /// nodes are still connected.
    std::shared_ptr<ScopeEntry> end_scope(ScopeHandle& handle) noexcept;
    /// That of the name, if somebody has it.
    std::shared_ptr<ScopeEntry> find_scope(std::string_view name) const noexcept;
    /// Some connected node of the scope; null: it has none.
    NodePtr any_node_in(const ScopeEntry& scope) const noexcept;

    /// Thrown where another node of the observer is connected.
    struct AlreadyAttached {};

    /// Connects a node that has its pattern and options, and gives it an id. `type`: the payload's, for typed
    /// subscriptions. Throws TypeConflict, AlreadyAttached, Closed (its scope has ended), std::bad_alloc; nothing has
    /// changed then.
    void connect(Node& node) {
        connect(node, [] {});
    }
    /// The same with a moment of its own: of the events that get their seq with the ledger's lock held, those before
    /// `at_that_moment()`, which takes that lock, have not seen the node, and all later ones do, unless they look at no
    /// subscribers under that lock. What it throws is as if nothing had happened.
    template <class F>
    void connect(Node& node, F at_that_moment) {
        const std::lock_guard lock(mutex_);
        prepare_to_connect_locked(node);
        // From here on no emission of these topics goes through, nor gets a new snapshot before the mutex is free.
        mark_changed_locked(node);
        try {
            at_that_moment();
        } catch (...) {
            if (node.registration.scope != nullptr) node.registration.scope->nodes.erase(&node);
            throw;
        }
        append_locked(node);
    }
    /// Changes what emissions do about a connected node, with the same kind of moment.
    template <class F>
    void change(Node& node, F at_that_moment) {
        const std::lock_guard lock(mutex_);
        mark_changed_locked(node);
        at_that_moment();
    }
    /// The node of an observer that is attached, or null.
    NodePtr find_observer(const ObserverDraft& observer) const noexcept;
    /// The observer's node is for these events, too. False: it has ended meanwhile. Throws TypeConflict,
    /// std::bad_alloc; nothing has changed then.
    bool attach_again(Node& node, const Attachment& attachment);
    /// It is no longer for these; whether for none now: the node is to be disconnected then.
    bool end_attachment(Node& node, const Attachment& attachment) noexcept;
    /// Moves with every change of subscriptions: for topics that the registry does not know of.
    std::uint64_t version() const noexcept { return version_.load(std::memory_order_seq_cst); }
    /// Dynamic events of the name of `conversion.to` convert so from now on. Throws TypeConflict, std::bad_alloc;
    /// nothing has changed then.
    void set_conversion(const Conversion& conversion);
    /// They do not convert any more.
    void forget_conversion(const EventType& to) noexcept;
    /// How they convert to that type; empty: that is not known.
    Conversion conversion_to(const EventType& to) const noexcept;

    /// Takes a connected node out; false if it was out already.
    bool disconnect(Node& node) noexcept;

    /// The topic's subscribers as they are now, safe to iterate until the frame of the cell ends or another is pinned
    /// there. Collects them first if they have changed; throws std::bad_alloc then.
    HINDSIGHT_ALWAYS_INLINE const Snapshot* pin_current(Cell& cell, Topic& topic) {
        for (;;) {
            if (const Snapshot* const pinned = pin(cell, topic.current)) [[likely]]
                return pinned;
            rebuild(topic);
        }
    }

    /// All connected nodes, in the order of subscribing.
    std::vector<NodePtr> nodes() const;
    /// The same without needing memory. `visit` is called outside the mutex, and may end the node.
    template <class F>
    void for_each_node(F visit) const {
        for (NodePtr node = node_after(nullptr); node; node = node_after(node.get())) visit(*node);
    }

    /// Those of the bus itself, which count what is emitted in scopes, too.
    template <class F>
    void for_each_topic(F visit) const {
        const std::shared_lock lock(mutex_);
        visit_topics(bus_, visit);
    }

private:
    template <class F>
    static void visit_topics(const ScopeEntry& scope, F visit) {
        for (const auto& [_, name] : scope.names) visit_topics(name, visit);
    }
    template <class F>
    static void visit_topics(const NameEntry& name, F visit) {
        if (name.typed) visit(*name.typed);
        for (const auto& topic : name.self_named) visit(*topic);
    }
    /// Whatever sees the events of `upper`'s subscribers: itself, and all that lies below it.
    template <class F>
    void for_each_scope_in_locked(const ScopeEntry& upper, F visit) const HINDSIGHT_REQUIRES_SHARED(mutex_);
    /// The scopes that see what is emitted in the scope of that name, but for the bus.
    template <class F>
    void for_each_scope_around_locked(std::string_view scope, F visit) const HINDSIGHT_REQUIRES_SHARED(mutex_);

    void rebuild(Topic& topic);
    bool owns(const Snapshot* snapshot) const noexcept;
    ScopeEntry& scope_of(const Node& node) noexcept {
        return node.registration.scope != nullptr ? *node.registration.scope : bus_;
    }
    NameEntry& name_locked(ScopeEntry& scope, std::string_view text) HINDSIGHT_REQUIRES(mutex_);
    /// Null: beyond `max_names`.
    NameEntry* name_if_allowed_locked(ScopeEntry& scope, std::string_view text) HINDSIGHT_REQUIRES(mutex_);
    NameEntry& typed_name_locked(const EventType& type) HINDSIGHT_REQUIRES(mutex_);
    /// Null: beyond `max_names`.
    Topic* topic_in_bus_locked(const Draft& draft) HINDSIGHT_REQUIRES(mutex_);
    Topic* topic_in_locked(ScopeEntry& scope, const Draft& draft, Topic& in_bus) HINDSIGHT_REQUIRES(mutex_);
    void end_handle_locked(ScopeHandle& handle, std::shared_ptr<ScopeEntry>& ended) noexcept HINDSIGHT_REQUIRES(mutex_);
    std::string unused_scope_name_locked(std::string_view beginning) HINDSIGHT_REQUIRES(mutex_);
    static Topic* find_self_named(const NameEntry& name, const EventType& type) noexcept;
    static void mark_changed(Topic& topic) noexcept;
    void mark_dynamic_changed_locked(std::string_view name) noexcept HINDSIGHT_REQUIRES(mutex_);
    /// Where the node's connection belongs; null: among the wildcards.
    NameEntry* name_for_locked(const Node& node) HINDSIGHT_REQUIRES(mutex_);
    void prepare_to_connect_locked(Node& node) HINDSIGHT_REQUIRES(mutex_);
    void prepare_types_locked(std::span<const Overload> overloads) HINDSIGHT_REQUIRES(mutex_);
    void mark_changed_locked(const Node& node) noexcept HINDSIGHT_REQUIRES(mutex_);
    void make_connections_locked() HINDSIGHT_REQUIRES(mutex_);
    void append_locked(Node& node) noexcept HINDSIGHT_REQUIRES(mutex_);
    void remove_locked(Node& node) noexcept HINDSIGHT_REQUIRES(mutex_);
    /// The first connected node with a larger id than this one's, or null; the first of all for null.
    NodePtr node_after(const Node* previous) const noexcept;

    const std::size_t max_names_;
    const bool isolates_;
    mutable std::shared_mutex mutex_;
    ScopeEntry bus_;  // guarded by the mutex, but for `topics_by_type`
    std::map<std::string, std::shared_ptr<ScopeEntry>, std::less<>>
        scopes_ HINDSIGHT_GUARDED_BY(mutex_);                  // that have handles
    std::size_t name_count_ HINDSIGHT_GUARDED_BY(mutex_) = 0;  // scopes, and names in all of them
    std::uint64_t last_unnamed_scope_ HINDSIGHT_GUARDED_BY(mutex_) = 0;
    Node* first_ HINDSIGHT_GUARDED_BY(mutex_) = nullptr;  // connected nodes; each is owned by one reference
    Node* last_ HINDSIGHT_GUARDED_BY(mutex_) = nullptr;
    Node* first_without_connection_ HINDSIGHT_GUARDED_BY(mutex_) = nullptr;  // no later one has any
    std::size_t count_ HINDSIGHT_GUARDED_BY(mutex_) = 0;
    std::vector<Node*> observers_ HINDSIGHT_GUARDED_BY(mutex_);  // those of the connected nodes
    std::uint64_t last_id_ HINDSIGHT_GUARDED_BY(mutex_) = 0;
    std::atomic<std::uint64_t> version_{0};
    RetiredSnapshots retired_ HINDSIGHT_GUARDED_BY(mutex_);
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/registry.ipp>
#    include <hindsight/impl/detail/registry_scopes.ipp>
#endif

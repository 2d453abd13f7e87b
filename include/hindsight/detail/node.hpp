// Node: one subscription, or one middleware, as the library sees it: its handler, type-erased, behind it in the same
// memory, its options and its state.
//
// Nodes are reference counted (the user's handle, the registry, snapshots, tasks). The memory lives as long as any of
// these; the user's callables in it are destroyed earlier, at the moment that quiescence.hpp decides. From then on the
// node is the library's alone: a plug-in that made the handler may be unloaded.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/last_error.hpp>
#include <hindsight/options.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/query.hpp>
#include <hindsight/record.hpp>
#include <hindsight/statistics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace hindsight {
struct ObservedHandler;
}

namespace hindsight::detail {

struct Attachment;
class Backlog;
class ConflatingQueue;
class HoldBack;
class LongRun;
class Mailbox;
class NodePtr;
struct NameEntry;
struct Node;
class ObserverTypes;
class PendingQueue;
class Quarantine;
class Readers;
struct ScopeEntry;
struct Watched;

/// What an inbox has for its readers.
struct Unread {
    std::size_t waiting = 0;
    std::uint64_t missed = 0;  // dropped for it
};

/// The engine that a node is connected to, as its handles and tasks, which may outlive it, know it.
struct NodeOwner {
    /// Takes the node out of the registry, ends its mailbox and marks it as dead; what it runs is left to quiescence.
    virtual void unregister(Node& node) noexcept = 0;
    /// One turn of a queued node: runs `max` deliveries at most and adds them to `count`. True: more may be waiting,
    /// and the caller has to come again.
    virtual bool deliver(Node& node, std::size_t max, std::size_t& count) noexcept = 0;
    /// Sends the rest of a turn to the end of the executor's queue.
    virtual void deliver_later(Node& node) noexcept = 0;
    /// Gives up what is waiting for the node; its executor will not run it.
    virtual void abandon(Node& node) noexcept = 0;
    virtual SubscriptionStatistics stats(const Node& node) const = 0;
    /// For an inbox: the next record, and what there is, while the bus has not ended.
    virtual Record read(Node& node) = 0;
    virtual bool has_unread(Node& node) noexcept = 0;
    virtual Unread unread(const Node& node) const noexcept = 0;
    /// Counts what waited for the node as undelivered.
    virtual void discard(Node& node, std::variant<PendingQueue, ConflatingQueue>& queue,
                         std::unique_ptr<Backlog> backlog) noexcept = 0;
    /// Counts the failure of one of the node's callables, and tells about it.
    virtual void report(Node& node, const Record& record, std::exception_ptr error) noexcept = 0;
    /// Whether runs that have gone on after their calls may still do so: the bus has not been destroyed inside one.
    virtual bool goes_on_with_runs() const noexcept = 0;
    /// Such a run is over. `error`: null if it has not failed.
    virtual void finish_run(LongRun& run, std::exception_ptr error) noexcept = 0;
    /// What history still has for it of a hole.
    virtual Reread reread(Node& node, const Lagged& hole) const = 0;
    /// The node is out of the registry: adds its counts to the totals. Again when they are final.
    virtual void has_ended(Node& node) noexcept = 0;

protected:
    ~NodeOwner() = default;
};

/// What the registry knows of a node. Guarded by its mutex.
struct Registration {
    bool connected = false;
    bool has_connection = false;  // with Signals2
    ScopeEntry* scope = nullptr;  // that it is in, while it is connected; null: the bus itself
    NameEntry* name = nullptr;    // of the one event that it subscribed to; null: it is among the wildcards
    // All connected nodes, in the order of their ids.
    Node* previous = nullptr;
    Node* next = nullptr;
    /// While it has one: a boost::signals2::connection, without its headers.
    alignas(void*) std::byte connection[2 * sizeof(void*)];
};

struct HINDSIGHT_API Node final : TaskTarget {
    enum Flag : std::uint32_t {
        dead = 1,         // disconnected: the handler starts no more
        paused = 2,       // matches no events
        orphan = 4,       // nobody waits: the last runner destroys the callables
        claimed = 8,      // someone is destroying, or has destroyed, the callables
        limited = 16,     // from the start: has a receiver, max_deliveries or a quarantine: a call is more than calling
        unseen = 32,      // at first: has not been in any snapshot, so no thread can be running it
        ended = 64,       // disconnected, and the callables are destroyed
        observed = 128,   // from the start: its runs are watched, so there is more to a call than calling
        coroutine = 512,  // from the start: a call of its handler may return before the run is over
        joining = 256,    // direct, and still busy with the past: what comes in goes through its mailbox
        quarantined = 1024,  // has failed too often: gets no events; changed by Quarantine alone
        concurrent = 2048,   // from the start: its handler may run beside itself
        skipping = paused | quarantined,
    };
    using Invoke = void (*)(Node&, const Record&);
    using InvokeEvent = void (*)(Node&, const void*);
    using Intercept = void (*)(Node&, DraftView&);

    // In the order of how often they are looked at: walks over many nodes should touch few cache lines of each.
    std::atomic<std::uint32_t> flags{unseen};
    std::atomic<std::uint32_t> references{1};
    const Invoke invoke;             // calls the handler; throws what it throws
    const InvokeEvent invoke_event;  // the same with the bare event; null for handlers that take the record
    Counter delivered;               // but in turns: those its mailbox counts, apart from what emitters read

    // Fixed before the node is published.
    std::uint64_t id = 0;
    const EventType* type = nullptr;  // typed subscriptions: the payload's type
    int priority = 0;
    Delivery delivery = Delivery::queued;
    bool filtered = false;

    Registration registration;
    std::unique_ptr<Mailbox> mailbox;  // queued delivery, or replay: guarded by the ledger's lock

    // Fixed before the node is published.
    std::weak_ptr<NodeOwner> owner;
    std::uint64_t max_deliveries = 0;
    std::optional<Pattern> pattern;  // what it subscribed to: an event's name or a pattern
    std::string name;
    std::shared_ptr<const std::string> scope;  // the name of the scope that it is in; null: the bus itself
    Intercept intercept = nullptr;     // of middleware, which is no subscription: calls it; throws what it throws
    std::unique_ptr<Readers> readers;  // of an inbox: then there is no executor
    std::shared_ptr<const ObservedHandler> observed_as;  // what a log of deliveries calls it, if it is observed
    std::shared_ptr<ObserverTypes> observes;             // of an observer: what it is for, instead of pattern and type
    std::shared_ptr<const Attachment> attachment;        // of an observer's handle, which is never connected itself
    Node* observer = nullptr;                            // and that of the observer, which is
    std::unique_ptr<Watched> watched;                    // null: it is not
    std::unique_ptr<Quarantine> quarantine;              // null: it may fail as often as it does
    std::unique_ptr<HoldBack> hold_back;                 // null: all that comes goes into the mailbox at once

    // Guarded by the mutex of ThreadSlots.
    const ThreadSlot* destroyer = nullptr;
    std::shared_ptr<NodeOwner> needed;       // by the last thread that leaves it, where that was not waited for
    std::shared_ptr<Executor> run_executor;  // of the run that its handler is in the middle of, see long_run.hpp

    // What is the user's beside the handler; given up with it.
    Predicate filter;
    std::function<void(const Lagged&)> on_lagged;
    std::shared_ptr<Executor> executor;
    std::optional<std::weak_ptr<const void>> receiver;

    std::atomic<std::uint64_t> claims{0};              // calls begun, where max_deliveries limits them
    std::atomic<std::uint64_t> reported{0};            // failures that the default error handler has seen
    std::atomic<std::uint64_t> delivered_in_total{0};  // what the owner's total has of it
    RareCounter failed;
    RareCounter filter_rejected;
    RareCounter skipped_paused;
    RareCounter discarded;  // waiting when it was disconnected, put into quarantine, or abandoned by its executor
    LastError last_error;

    /// A node with this handler, callable as `handler(const Record&)`; one that needs no record has a function
    /// `with_event(const void*)` too. Throws std::bad_alloc and what moving the handler throws.
    template <class F>
    static NodePtr make(F handler);
    /// A node with this middleware, which has a function `intercept(DraftView&)`. Throws the same.
    template <class F>
    static NodePtr make_middleware(F middleware);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// The node that is connected: this one, or that of the observer whose handle this is.
    Node& connected_node() noexcept { return observer != nullptr ? *observer : *this; }

    std::string_view scope_name() const noexcept { return scope ? std::string_view(*scope) : std::string_view(); }

    /// Whether emitters put events into its mailbox now, rather than call it.
    bool takes_queued() const noexcept { return delivery == Delivery::queued || has(joining); }

    /// Whether what waits for it has to wait for this very thread. The executor is user code: only for a thread whose
    /// cell has the node.
    bool runs_here() const noexcept;

    HINDSIGHT_ALWAYS_INLINE bool has(std::uint32_t any_of) const noexcept { return (fenced_load(flags) & any_of) != 0; }

    /// Destroys the handler, the filter and the other callables: user code, so never under a lock.
    void destroy_callables() noexcept;
    std::uint64_t deliveries() const noexcept;
    /// What it has counted. Under the ledger's lock, or when the owner is gone.
    SubscriptionStatistics stats() const;
    /// Adds the rest, which is more work than is to be done under a lock.
    void add_watched_to(SubscriptionStatistics& stats) const;

    bool run_task(std::size_t max, std::size_t& count) noexcept override;
    void abandon_task() noexcept override;
    TaskMemory& task_memory() noexcept override;

private:
    friend void release(Node* node) noexcept;
    friend class NodePtr;
    using DestroyHandler = void (*)(void* handler) noexcept;

    Node(Invoke invoke_, InvokeEvent invoke_event_, std::size_t alignment) noexcept;
    ~Node();
    /// A node with room for `size` bytes behind it, of this alignment, where the handler is to be made.
    static Node* make_empty(Invoke invoke, InvokeEvent invoke_event, std::size_t size, std::size_t alignment);
    static void destroy(Node* node) noexcept;

    /// Where the handler of this alignment begins in the node's memory.
    static constexpr std::size_t handler_offset(std::size_t alignment) noexcept;
    void* handler_memory() noexcept;
    template <class F>
    F& handler() noexcept;

    DestroyHandler destroy_handler_ = nullptr;  // null when there is none, or none any more
    const std::size_t alignment_;
};

inline void add_reference(Node& node) noexcept {
    node.references.fetch_add(1, std::memory_order_relaxed);
}

inline void release(Node* node) noexcept {
    if (node->references.fetch_sub(1, std::memory_order_acq_rel) == 1) Node::destroy(node);
}

/// Owns one reference.
class NodePtr {
public:
    NodePtr() noexcept = default;
    explicit NodePtr(Node* owned) noexcept : node_(owned) {}
    NodePtr(const NodePtr& other) noexcept : node_(other.node_) {
        if (node_ != nullptr) add_reference(*node_);
    }
    NodePtr(NodePtr&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    NodePtr& operator=(NodePtr other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    ~NodePtr() {
        if (node_ != nullptr) release(node_);
    }

    static NodePtr share(Node& node) noexcept {
        add_reference(node);
        return NodePtr(&node);
    }

    Node* get() const noexcept { return node_; }
    Node* detach() noexcept { return std::exchange(node_, nullptr); }
    Node& operator*() const noexcept { return *node_; }
    Node* operator->() const noexcept { return node_; }
    explicit operator bool() const noexcept { return node_ != nullptr; }

private:
    Node* node_ = nullptr;
};

constexpr std::size_t Node::handler_offset(std::size_t alignment) noexcept {
    return (sizeof(Node) + alignment - 1) / alignment * alignment;
}

template <class F>
F& Node::handler() noexcept {
    return *std::launder(reinterpret_cast<F*>(reinterpret_cast<std::byte*>(this) + handler_offset(alignof(F))));
}

template <class F>
NodePtr Node::make(F handler) {
    InvokeEvent invoke_event = nullptr;
    if constexpr (requires(const void* event) { handler.with_event(event); }) {
        invoke_event = [](Node& node, const void* event) { node.handler<F>().with_event(event); };
    }
    NodePtr node(make_empty([](Node& self, const Record& record) { self.handler<F>()(record); }, invoke_event,
                            sizeof(F), alignof(F)));
    ::new (node->handler_memory()) F(std::move(handler));
    node->destroy_handler_ = [](void* memory) noexcept { std::destroy_at(static_cast<F*>(memory)); };
    return node;
}

template <class F>
NodePtr Node::make_middleware(F middleware) {
    NodePtr node = make(std::move(middleware));
    node->intercept = [](Node& self, DraftView& draft) { self.handler<F>().intercept(draft); };
    return node;
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/node.ipp>
#endif

// Node: one subscription as the library sees it: its handler, inline and type-erased, its options and its state.
//
// Nodes are reference counted (the user's handle, the registry, snapshots, tasks). The memory lives as long as any of
// these; the user's callables in it are destroyed earlier, at the moment that quiescence.hpp decides.
#pragma once

#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/export.hpp>
#include <hindsight/options.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/record.hpp>
#include <hindsight/statistics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hindsight::detail {

struct Node;

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
    /// The node is out of the registry: adds its counts to the totals. Again when they are final.
    virtual void has_ended(Node& node) noexcept = 0;

protected:
    ~NodeOwner() = default;
};

struct HINDSIGHT_API Node : TaskTarget {
    enum Flag : std::uint32_t {
        dead = 1,     // disconnected: the handler starts no more
        paused = 2,   // matches no events
        orphan = 4,   // nobody waits: the last runner destroys the callables
        claimed = 8,  // someone is destroying, or has destroyed, the callables
    };
    using Invoke = void (*)(Node&, const Record&);
    using InvokeEvent = void (*)(Node&, const void*);

    std::atomic<std::uint32_t> flags{0};
    std::atomic<std::uint32_t> references{1};
    const Invoke invoke;             // calls the handler; throws what it throws
    const InvokeEvent invoke_event;  // the same with the bare event; null for handlers that take the record
    void (*const destroy_handler)(Node&) noexcept;
    void (*const destroy_node)(Node*) noexcept;

    // Fixed before the node is published.
    std::uint64_t id = 0;
    std::string name;
    std::optional<Pattern> pattern;   // what it subscribed to: an event's name or a pattern
    const EventType* type = nullptr;  // typed subscriptions: the payload's type
    Delivery delivery = Delivery::queued;
    int priority = 0;
    std::uint64_t max_deliveries = 0;
    bool filtered = false;
    bool limited = false;  // has a receiver or max_deliveries: there is more to a call than calling
    std::weak_ptr<NodeOwner> owner;
    std::shared_ptr<void> registration;  // what the registry needs to take it out again
    std::optional<Mailbox> mailbox;      // queued delivery: guarded by the ledger's lock
    std::optional<std::weak_ptr<const void>> receiver;

    // The user's callables beside the handler; destroyed with it.
    Predicate filter;
    std::function<void(const Lagged&)> on_lagged;
    std::shared_ptr<Executor> executor;

    // Guarded by the mutex of ThreadSlots.
    const ThreadSlot* destroyer = nullptr;
    bool destroyed = false;

    std::atomic<std::uint64_t> claims{0};    // calls begun, where max_deliveries limits them
    std::atomic<std::uint64_t> reported{0};  // failures that the default error handler has seen
    Counter delivered;
    std::atomic<std::uint64_t> delivered_in_total{0};  // what the owner's total has of it
    Counter failed;
    Counter filter_rejected;
    Counter skipped_paused;
    Counter discarded;  // waiting when it was disconnected, or abandoned by its executor

    Node(Invoke invoke_, InvokeEvent invoke_event_, void (*destroy_handler_)(Node&) noexcept,
         void (*destroy_node_)(Node*) noexcept) noexcept
        : invoke(invoke_), invoke_event(invoke_event_), destroy_handler(destroy_handler_), destroy_node(destroy_node_) {
    }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    bool has(std::uint32_t any_of) const noexcept { return (fenced_load(flags) & any_of) != 0; }

    /// Destroys the handler, the filter and the other callables: user code, so never under a lock.
    void destroy_callables() noexcept;
    /// What it has counted. Under the ledger's lock, or when the owner is gone.
    SubscriptionStatistics stats() const;

    bool run_task(std::size_t max, std::size_t& count) noexcept override;
    void abandon_task() noexcept override;

protected:
    ~Node() = default;
};

inline void add_reference(Node& node) noexcept {
    node.references.fetch_add(1, std::memory_order_relaxed);
}

inline void release(Node* node) noexcept {
    if (node->references.fetch_sub(1, std::memory_order_acq_rel) == 1) node->destroy_node(node);
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

/// A node with its handler inline. `F` is callable as `handler(const Record&)`; one that needs no record has a function
/// `with_event(const void*)` too.
template <class F>
struct HandlerNode final : Node {
    explicit HandlerNode(F&& given)
        : Node(&call, event_call(), &destroy_callable, &destroy_whole), handler_(std::move(given)) {}

    static NodePtr make(F given) { return NodePtr(new HandlerNode(std::move(given))); }

private:
    static void call(Node& node, const Record& record) { (*static_cast<HandlerNode&>(node).handler_)(record); }
    static constexpr InvokeEvent event_call() noexcept {
        if constexpr (requires(F & f, const void* event) { f.with_event(event); }) {
            return [](Node& node, const void* event) { (*static_cast<HandlerNode&>(node).handler_).with_event(event); };
        } else {
            return nullptr;
        }
    }
    static void destroy_callable(Node& node) noexcept { static_cast<HandlerNode&>(node).handler_.reset(); }
    static void destroy_whole(Node* node) noexcept { delete static_cast<HandlerNode*>(node); }

    std::optional<F> handler_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/node.ipp>
#endif

#pragma once

#include <hindsight/detail/hold_back.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/quarantine.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/watched.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace hindsight::detail {

namespace node {

/// Whether the memory of a node and its handler is more aligned than by default.
constexpr bool needs_alignment(std::size_t of_handler) noexcept {
    return of_handler > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
}

}  // namespace node

HINDSIGHT_INLINE Node::Node(Invoke invoke_, InvokeEvent invoke_event_, std::size_t alignment) noexcept
    : invoke(invoke_), invoke_event(invoke_event_), alignment_(alignment) {}

HINDSIGHT_INLINE Node::~Node() {
    if (destroy_handler_ != nullptr) destroy_handler_(handler_memory());
}

HINDSIGHT_INLINE Node* Node::make_empty(Invoke invoke, InvokeEvent invoke_event, std::size_t size,
                                        std::size_t alignment) {
    static_assert(alignof(Node) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    const std::size_t total = handler_offset(alignment) + size;
    void* const memory =
        node::needs_alignment(alignment) ? ::operator new (total, std::align_val_t{alignment}) : ::operator new(total);
    return ::new (memory) Node(invoke, invoke_event, alignment);
}

HINDSIGHT_INLINE void Node::destroy(Node* node) noexcept {
    const std::size_t alignment = node->alignment_;
    node->~Node();
    if (node::needs_alignment(alignment)) {
        ::operator delete (node, std::align_val_t{alignment});
    } else {
        ::operator delete(node);
    }
}

HINDSIGHT_INLINE void* Node::handler_memory() noexcept {
    return reinterpret_cast<std::byte*>(this) + handler_offset(alignment_);
}

HINDSIGHT_INLINE void Node::destroy_callables() noexcept {
    if (const DestroyHandler end = std::exchange(destroy_handler_, nullptr)) end(handler_memory());
    filter = Predicate();
    on_lagged = nullptr;
    executor.reset();
    if (receiver) receiver->reset();
    if (const std::shared_ptr<NodeOwner> engine = owner.lock()) engine->has_ended(*this);
}

HINDSIGHT_INLINE bool Node::runs_here() const noexcept {
    return readers ? readers->runs_here() : executor && executor->runs_here();
}

HINDSIGHT_INLINE std::uint64_t Node::deliveries() const noexcept {
    return delivered.get() + (mailbox != nullptr ? mailbox->delivered.get() : 0);
}

HINDSIGHT_INLINE TaskMemory& Node::task_memory() noexcept {
    return mailbox->task_memory;
}

HINDSIGHT_INLINE SubscriptionStatistics Node::stats() const {
    SubscriptionStatistics stats;
    stats.id = id;
    stats.name = name;
    stats.pattern = pattern->text();
    stats.scope = scope_name();
    stats.delivery = delivery;
    stats.priority = priority;
    stats.paused = has(paused);
    stats.delivered = deliveries();
    stats.failed = failed.get();
    stats.filtered = filter_rejected.get();
    stats.skipped = skipped_paused.get();
    stats.discarded = discarded.get();
    stats.quarantined = has(quarantined);
    if (mailbox) {
        stats.queue_depth = mailbox->unfinished();
        stats.dropped = mailbox->dropped;
        stats.conflated = mailbox->conflated;
    }
    return stats;
}

HINDSIGHT_INLINE void Node::add_watched_to(SubscriptionStatistics& stats) const {
    last_error.show(stats.last_error, stats.last_error_at);
    if (quarantine) stats.quarantines = quarantine->times.get();
    if (!watched) return;
    stats.slow = watched->slow.get();
    if (watched->run) stats.run = watched->run->read();
    if (watched->wait) stats.wait = watched->wait->read();
}

HINDSIGHT_INLINE bool Node::run_task(std::size_t max, std::size_t& count) noexcept {
    // One subscription does not keep a thread to itself for longer than this many events.
    constexpr std::size_t fair_share = 1024;
    NodePtr reference(this);
    const std::shared_ptr<NodeOwner> engine = owner.lock();
    if (!engine) return false;
    const bool more = engine->deliver(*this, max == no_limit ? fair_share : max, count);
    if (!more) return false;
    if (max == no_limit) {
        engine->deliver_later(*this);
        return false;
    }
    reference.detach();
    return true;
}

HINDSIGHT_INLINE void Node::abandon_task() noexcept {
    const NodePtr reference(this);
    if (const std::shared_ptr<NodeOwner> engine = owner.lock()) engine->abandon(*this);
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/hub.ipp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace hindsight::detail {

namespace hub_attach {

inline bool same_mailbox(const MailboxOptions& a, const MailboxOptions& b) noexcept {
    return a.capacity == b.capacity && a.overflow == b.overflow && a.hard_limit == b.hard_limit &&
           a.block_for == b.block_for;
}

/// Options that are given again are left out, or are what they were.
inline void require_same_options(const Node& node, const SubscribeOptions& options) {
    const auto require = [](bool fits, const char* option) {
        if (fits) return;
        throw InvalidArgument("attach: this observer is attached already, and has one subscription and one mailbox; `" +
                              std::string(option) + "` is for the first time only");
    };
    require(options.name.empty() || options.name == node.name, "name");
    require(options.delivery == Delivery::queued || options.delivery == node.delivery, "delivery");
    require(options.priority == 0 || options.priority == node.priority, "priority");
    require(!options.filter, "filter");
    require(same_mailbox(options.mailbox, {}) ||
                (node.mailbox && same_mailbox(options.mailbox, node.mailbox->options())),
            "mailbox");
    require(!options.replay, "replay");
    require(!options.executor, "executor");
    require(options.max_deliveries == 0 || options.max_deliveries == node.max_deliveries, "max_deliveries");
    require(!options.on_lagged, "on_lagged");
    require(!options.quarantine, "quarantine");
    require(!options.slow_after, "slow_after");
    require(options.debounce == Duration::zero(), "debounce");
    require(options.throttle == Duration::zero(), "throttle");
    const std::size_t concurrency = node.mailbox && node.mailbox->runs ? node.mailbox->runs->most() : 1;
    require(options.concurrency == 1 || options.concurrency == concurrency, "concurrency");
}

}  // namespace hub_attach

HINDSIGHT_INLINE NodePtr Hub::attach(ObserverDraft&& observer, const SubscribeOptions& options) {
    NodePtr handle = Node::make([](const Record&) {});  // which is never called
    handle->owner = weak_from_this();
    const auto attachment = std::make_shared<Attachment>();
    attachment->overloads = observer.overloads;
    while (!attach_again(observer, *attachment, options) && !attach_first(observer, *attachment, options)) {}
    handle->attachment = attachment;
    handle->observer = attachment->observer.get();
    handle->id = handle->observer->id;
    return handle;
}

HINDSIGHT_INLINE bool Hub::attach_again(const ObserverDraft& observer, Attachment& attachment,
                                        const SubscribeOptions& options) {
    if (state_.load(std::memory_order_acquire) != State::open) throw Closed("attach: this bus is shut down");
    const NodePtr node = registry_.find_observer(observer);
    if (!node) return false;
    if (node->receiver.has_value() != observer.tracked.has_value()) {
        throw InvalidArgument(std::string("attach: this observer is attached already, by ") +
                              (node->receiver ? "a shared or weak pointer" : "reference") +
                              "; attach it in the same way again");
    }
    hub_attach::require_same_options(*node, options);
    attachment.observer = node;
    return registry_.attach_again(*node, attachment);
}

HINDSIGHT_INLINE bool Hub::attach_first(const ObserverDraft& observer, Attachment& attachment,
                                        const SubscribeOptions& options) {
    const NodePtr node = make_observer_node(observer);
    attachment.observer = node;
    try {
        subscribe(*node, Pattern(node->observes->pattern()), nullptr, SubscribeOptions(options));
        return true;
    } catch (const Registry::AlreadyAttached&) {  // by another thread meanwhile
        return false;
    }
}

HINDSIGHT_INLINE void Hub::end_attachment(Node& handle) noexcept {
    if ((handle.flags.fetch_or(Node::dead, std::memory_order_seq_cst) & Node::dead) != 0) return;
    Node& node = *handle.observer;
    if (registry_.end_attachment(node, *handle.attachment)) unregister(node);
}

}  // namespace hindsight::detail

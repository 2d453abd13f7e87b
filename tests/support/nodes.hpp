// Subscriptions as the inner parts know them, for tests of those parts.
#pragma once

#include <hindsight/detail/backlog.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/record.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

namespace hindsight::test {

/// An engine that does nothing: frames need one to belong to.
struct IdleEngine final : detail::NodeOwner {
    void unregister(detail::Node&) noexcept override {}
    bool deliver(detail::Node&, std::size_t, std::size_t&) noexcept override { return false; }
    void deliver_later(detail::Node&) noexcept override {}
    void abandon(detail::Node&) noexcept override {}
    Record read(detail::Node&) override { return Record(); }
    bool has_unread(detail::Node&) noexcept override { return false; }
    detail::Unread unread(const detail::Node&) const noexcept override { return {}; }
    void discard(detail::Node&, detail::Mailbox::Queue&, std::unique_ptr<detail::Backlog>) noexcept override {}
    void report(detail::Node&, const Record&, std::exception_ptr) noexcept override {}
    bool goes_on_with_runs() const noexcept override { return true; }
    void finish_run(detail::LongRun&, std::exception_ptr) noexcept override {}
    SubscriptionStatistics stats(const detail::Node&) const override { return {}; }
    Reread reread(detail::Node&, const Lagged& hole) const override { return {.records = {}, .gone = hole}; }
    void has_ended(detail::Node&) noexcept override {}
};

/// A direct subscription to a name or pattern; not connected.
template <class F>
detail::NodePtr node_for(std::string_view pattern, F handler, int priority = 0) {
    detail::NodePtr node = detail::Node::make(std::move(handler));
    node->pattern = Pattern(pattern);
    node->delivery = Delivery::direct;
    node->priority = priority;
    return node;
}

/// The same with a handler that does nothing.
inline detail::NodePtr idle_node_for(std::string_view pattern, int priority = 0) {
    return node_for(
        pattern, [](const Record&) {}, priority);
}

}  // namespace hindsight::test

// Subscription: the handle that keeps a handler connected, and lets go of it safely.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/statistics.hpp>

#include <cstdint>
#include <utility>

namespace hindsight {

/// Move-only; the destructor disconnects. Every function is thread-safe but for moves and destruction, never throws,
/// and may be called inside handlers, after the bus is gone, and on a handle without a subscription.
struct [[nodiscard]] HINDSIGHT_API Subscription {
    Subscription() noexcept = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept {
        Subscription old(std::move(*this));
        node_ = std::move(other.node_);
        return *this;
    }
    ~Subscription() { disconnect(); }

    /// Ends the subscription. On return the handler is not running, will not run again, and its captured state is
    /// destroyed (by this thread, if no other is ending it); events still waiting are discarded and counted. Waits for
    /// the handler where other threads run it. Inside the handler itself, or where waiting would close a cycle of
    /// handlers that end each other, it returns at once with false: the state is destroyed when the handler returns.
    /// The same for a coroutine in the middle of its run, where this is called inside any handler, or on a thread that
    /// the coroutine's executor says it runs on.
    bool disconnect() noexcept;
    /// The same without waiting for anyone: the handler may still be running, and the last to leave destroys its state.
    void close() noexcept;

    /// Events that come while it is paused are not for it (and counted); those already waiting are still delivered.
    void pause() noexcept;
    /// Ends a pause, and a quarantine; its failures so far are forgotten.
    void resume() noexcept;

    /// Leaves the handler connected until the bus ends. The handle is then empty.
    void detach() && noexcept { node_ = detail::NodePtr(); }

    bool connected() const noexcept;
    /// Unique among the subscriptions of its bus, increasing; 0 for a handle without a subscription.
    std::uint64_t id() const noexcept { return node_ ? node_->id : 0; }
    /// Also after it was disconnected. Throws std::bad_alloc; takes the bus's short lock.
    SubscriptionStatistics stats() const;

    /// For the library.
    explicit Subscription(detail::NodePtr node) noexcept : node_(std::move(node)) {}

private:
    detail::NodePtr node_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/subscription.ipp>
#endif

// Pieces of coroutines that handle events, for tests.
#pragma once

#include "support/bus_events.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/inbox.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <utility>

namespace hindsight::test {

/// Suspends, and goes on later on the same executor.
inline boost::asio::awaitable<void> pause_a_little() {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
}

inline boost::asio::awaitable<void> wait_a_little(int microseconds) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::microseconds(microseconds));
    co_await timer.async_wait(boost::asio::use_awaitable);
}

/// Lets handlers wait until the test opens it.
struct Gate {
    explicit Gate(EventBus& bus) : inbox(bus.inbox<Tock>()), bus_(bus) {}
    void open() { bus_.emit(Tock{}); }
    Inbox<Tock> inbox;

private:
    EventBus& bus_;
};

/// Tells when its owner is destroyed.
struct Witness {
    std::atomic<bool>* destroyed;
    explicit Witness(std::atomic<bool>& flag) : destroyed(&flag) {}
    Witness(Witness&& other) noexcept : destroyed(std::exchange(other.destroyed, nullptr)) {}
    Witness& operator=(Witness&&) = delete;
    ~Witness() {
        if (destroyed != nullptr) *destroyed = true;
    }
};

}  // namespace hindsight::test

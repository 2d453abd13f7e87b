// Coroutines of Boost.Asio: waiting for inboxes and receipts without blocking a thread. Optional: it costs what
// Boost.Asio's headers cost; see docs/waiting.md.
#pragma once

#include <hindsight/detail/alarm.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/reading.hpp>
#include <hindsight/detail/run_executor.hpp>
#include <hindsight/error.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/types.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace hindsight {

namespace detail {

template <class Item>
boost::asio::awaitable<std::optional<Item>> next_item(NodePtr node, Duration timeout, std::stop_token stop) {
    if (!node) co_return std::nullopt;
    Readers& readers = *node->readers;
    readers.read_anywhere();
    const Deadline deadline = deadline_after(timeout);
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    // A coroutine that has not been suspended is about to be, once more, before its result is delivered; it could be
    // cancelled there (by `a || b`), and what it had taken would be lost.
    for (bool was_suspended = false;; was_suspended = true) {
        const std::uint32_t epoch = readers.epoch.load(std::memory_order_acquire);
        if (stop.stop_requested()) co_return std::nullopt;
        // As in AnyInbox::read_for. Nothing suspends between taking an event and giving it.
        const bool ended = node->has(Node::dead);
        if (was_suspended) {
            if (Record record = read(*node)) co_return Item(std::move(record));
        }
        if (!was_suspended && has_unread(*node)) {
            co_await boost::asio::post(executor, boost::asio::use_awaitable);
        } else if (ended || std::chrono::steady_clock::now() >= deadline) {
            co_return std::nullopt;
        } else {
            ParkedAlarm alarm(&readers.epoch, executor, deadline);
            if (!alarm.park_unless([&] { return readers.epoch.load(std::memory_order_acquire) != epoch; }))
                (*alarm).ring();
            const std::stop_callback<RingAlarm> on_stop(stop, RingAlarm{&*alarm});
            co_await sleep_until_rung(*alarm);
        }
        // An event that has come meanwhile stays in the inbox: who cancels may not look at what this gives.
        const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none) co_return std::nullopt;
    }
}

template <class Item>
struct Awaits {
    static boost::asio::awaitable<std::optional<Item>> next(const NodePtr& node, Duration timeout,
                                                            const std::stop_token& stop = {}) {
        return next_item<Item>(node, timeout, stop);
    }
};

template <>
struct Starter<boost::asio::awaitable<void>> {
    static void start(boost::asio::awaitable<void> coroutine) {
        const std::shared_ptr<LongRun> run = LongRun::current()->shared_from_this();
        boost::asio::co_spawn(boost::asio::any_io_executor(RunExecutor(run)), std::move(coroutine), RunEnd(run));
    }
};

inline boost::asio::awaitable<bool> completion_of(EnvelopePtr envelope, Duration timeout) {
    const Deadline deadline = deadline_after(timeout);
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    if (envelope && !is_complete(*envelope) && LongRun::current() != nullptr) {
        throw WouldDeadlock("completion inside a handler: those that wait for each other would never end");
    }
    for (;;) {
        if (!envelope || is_complete(*envelope)) co_return true;
        if (std::chrono::steady_clock::now() >= deadline) co_return false;
        {
            ParkedAlarm alarm(envelope.get(), executor, deadline);
            tell_of_completion(*envelope);
            if (!alarm.park_unless([&] { return is_complete(*envelope); })) continue;
            co_await sleep_until_rung(*alarm);
        }
        const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
        if (state.cancelled() != boost::asio::cancellation_type::none)
            throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
}

}  // namespace detail

/// `co_await completion(receipt)`: Receipt::wait_for inside a coroutine, which it suspends instead of blocking the
/// thread; so it throws WouldDeadlock in coroutines that are handlers only. Whether every handler of the event has
/// returned in time. Throws operation_aborted when the coroutine is cancelled meanwhile. Only for receipts that have a
/// name.
inline boost::asio::awaitable<bool> completion(const Receipt& receipt, Duration timeout = Duration::max()) {
    return detail::completion_of(receipt.envelope, timeout);
}
boost::asio::awaitable<bool> completion(const Receipt&& receipt, Duration timeout = Duration::max()) = delete;

}  // namespace hindsight

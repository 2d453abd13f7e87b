// Coroutines of Boost.Asio: waiting for inboxes, receipts and replies without blocking a thread. Optional: it costs
// what Boost.Asio's headers cost; see docs/waiting.md.
#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/detail/alarm.hpp>
#include <hindsight/detail/answers.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/reading.hpp>
#include <hindsight/detail/run_executor.hpp>
#include <hindsight/error.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>
#include <hindsight/request.hpp>
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
#include <vector>

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

inline void refuse_to_wait_in_handlers() {
    if (LongRun::current() == nullptr) return;
    throw WouldDeadlock("completion inside a handler: those that wait for each other would never end");
}

inline boost::asio::awaitable<void> require_not_cancelled() {
    const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none)
        throw boost::system::system_error(boost::asio::error::operation_aborted);
}

inline boost::asio::awaitable<bool> completion_until(EnvelopePtr envelope, Deadline deadline) {
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    if (envelope && !is_complete(*envelope)) refuse_to_wait_in_handlers();
    for (;;) {
        if (!envelope || is_complete(*envelope)) co_return true;
        if (std::chrono::steady_clock::now() >= deadline) co_return false;
        {
            ParkedAlarm alarm(envelope.get(), executor, deadline);
            tell_of_completion(*envelope);
            if (!alarm.park_unless([&] { return is_complete(*envelope); })) continue;
            co_await sleep_until_rung(*alarm);
        }
        co_await require_not_cancelled();
    }
}

inline boost::asio::awaitable<bool> completion_of(EnvelopePtr envelope, Duration timeout) {
    co_return co_await completion_until(envelope, deadline_after(timeout));
}

inline boost::asio::awaitable<bool> completion_of(std::vector<Record> records, Duration timeout) {
    const Deadline deadline = deadline_after(timeout);
    // The last one first: mostly the others are done with by then.
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
        const bool done = co_await completion_until(record->envelope(), deadline);
        if (!done) co_return false;
    }
    co_return true;
}

inline boost::asio::awaitable<void> completion_of(std::shared_ptr<Answers> answers) {
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    if (!answers->settled()) refuse_to_wait_in_handlers();
    while (!answers->settled()) {
        {
            ParkedAlarm alarm(answers->await(), executor, answers->deadline());
            if (!alarm.park_unless([&] { return answers->settled(); })) continue;
            co_await sleep_until_rung(*alarm);
        }
        co_await require_not_cancelled();
    }
}

template <class Pending>
auto completion_of_request(const Pending* pending) -> boost::asio::awaitable<decltype(pending->get())> {
    co_await completion_of(pending->answers());
    co_return pending->get();
}

/// A replier that is a coroutine, as a handler that is one.
template <class Reply>
struct LaterReply<boost::asio::awaitable<Reply>> {
    static_assert(Event<Reply>, "hindsight: what replies must return boost::asio::awaitable of an event");

    static boost::asio::awaitable<void> reply(Hub& hub, boost::asio::awaitable<Reply> coroutine,
                                              const Record& question) {
        Replying replying(hub, question);
        std::optional<Reply> reply;
        try {
            reply.emplace(co_await std::move(coroutine));
        } catch (...) {
            replying.fail();
            throw;
        }
        replying.reply_with([&]() -> Reply&& { return std::move(*reply); });
    }
};

}  // namespace detail

/// `co_await completion(receipt)`: Receipt::wait_for inside a coroutine, which it suspends instead of blocking the
/// thread; so it throws WouldDeadlock in coroutines that are handlers only. Whether every handler of the event has
/// returned in time. Throws operation_aborted when the coroutine is cancelled meanwhile. Only for receipts that have a
/// name.
inline boost::asio::awaitable<bool> completion(const Receipt& receipt, Duration timeout = Duration::max()) {
    return detail::completion_of(receipt.envelope, timeout);
}
boost::asio::awaitable<bool> completion(const Receipt&& receipt, Duration timeout = Duration::max()) = delete;

/// The same for all events of a batch.
inline boost::asio::awaitable<bool> completion(const BatchReceipt& receipt, Duration timeout = Duration::max()) {
    return detail::completion_of(receipt.waiting, timeout);
}
boost::asio::awaitable<bool> completion(const BatchReceipt&& receipt, Duration timeout = Duration::max()) = delete;

/// `co_await completion(pending)`: PendingReply::get inside a coroutine, which it suspends instead of blocking the
/// thread: the reply, or what `get` throws, with WouldDeadlock in coroutines that are handlers only. Throws
/// operation_aborted when the coroutine is cancelled meanwhile; the request goes on. Only for pending replies that have
/// a name, and outlive the wait.
template <class Reply>
boost::asio::awaitable<TypedRecord<Reply>> completion(const PendingReply<Reply>& pending) {
    return detail::completion_of_request(&pending);
}
template <class Reply>
void completion(const PendingReply<Reply>&& pending) = delete;
/// The same for all who reply.
template <class Reply>
boost::asio::awaitable<std::vector<TypedRecord<Reply>>> completion(const PendingReplies<Reply>& pending) {
    return detail::completion_of_request(&pending);
}
template <class Reply>
void completion(const PendingReplies<Reply>&& pending) = delete;

}  // namespace hindsight

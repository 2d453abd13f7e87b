// Requests: a question that is emitted, and the replies that come back; see docs/requests.md. Optional: include it for
// `reply`, `request` and `request_all` of a bus.
#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/answers.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event.hpp>
#include <hindsight/options.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>
#include <hindsight/subscription.hpp>
#include <hindsight/types.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace hindsight {

namespace detail {

/// All of a pending reply that does not depend on its type.
class HINDSIGHT_API AnyPendingReply {
public:
    /// What became of the question. `receipt().wait()` is for everybody that the question was for.
    const Receipt& receipt() const& noexcept { return answers_->receipt(); }
    const Receipt& receipt() const&& = delete;

    /// Whether there is nothing left to wait for. Never blocks.
    bool ready() const noexcept { return answers_->settled(); }
    /// Waits for that, `timeout` at most, and at most until the request's own time is over; whether it is. Throws
    /// WouldDeadlock as `get` does.
    bool wait_for(Duration timeout) const { return answers_->wait(deadline_after(timeout)); }

    /// For the library.
    explicit AnyPendingReply(std::shared_ptr<Answers> answers) noexcept : answers_(std::move(answers)) {}
    const std::shared_ptr<Answers>& answers() const noexcept { return answers_; }

protected:
    void wait() const { answers_->wait(Deadline::max()); }

private:
    std::shared_ptr<Answers> answers_;
};

}  // namespace detail

/// The first reply to a question, as soon as there is one. From `BasicEventBus::request`.
///
/// Move-only; every function is thread-safe but for moves and destruction, and may be called after the bus is gone, not
/// on one that was moved from. One that is destroyed gives the request up: replies that come later are events as
/// others, and counted (`Statistics::late_replies`).
template <class Reply>
class [[nodiscard("the request is given up at once unless it is kept")]] PendingReply : public detail::AnyPendingReply {
public:
    using AnyPendingReply::AnyPendingReply;
    PendingReply(PendingReply &&) noexcept = default;
    PendingReply& operator=(PendingReply&&) noexcept = default;

    /// Waits for the reply and returns it, as often as it is asked. Without one it throws
    /// - NoHandler, at once: nobody replies; or nobody any more, since those who would have are ended or were full;
    /// - ReplyFailed: all who reply have come to their end, and thrown; it has the error of the first;
    /// - RequestTimedOut;
    /// - RequestRefused, at once: the question was, for instance by middleware;
    /// - Closed: the bus was shut down before.
    ///
    /// Throws WouldDeadlock where it would have to wait inside a handler, filter or policy, or where the executor of
    /// one who is to reply runs on this very thread. In a coroutine: `co_await completion(pending)`.
    TypedRecord<Reply> get() const {
        wait();
        return TypedRecord<Reply>(answers()->first());
    }
};

/// The replies of all who reply to a question. From `BasicEventBus::request_all`. Otherwise as PendingReply.
template <class Reply>
class [[nodiscard("the request is given up at once unless it is kept")]] PendingReplies
    : public detail::AnyPendingReply {
public:
    using AnyPendingReply::AnyPendingReply;
    PendingReplies(PendingReplies &&) noexcept = default;
    PendingReplies& operator=(PendingReplies&&) noexcept = default;

    /// Waits until all have replied, or thrown, or the time is over; the replies that have come, in seq order. Throws
    /// NoHandler if nobody replies, RequestRefused, Closed if the bus was shut down already, and WouldDeadlock.
    std::vector<TypedRecord<Reply>> get() const {
        wait();
        std::vector<TypedRecord<Reply>> replies;
        for (Record& each : answers()->all()) replies.push_back(TypedRecord<Reply>(std::move(each)));
        return replies;
    }
    /// What those who reply have thrown so far.
    std::vector<std::exception_ptr> failures() const {
        return answers()->failures();
    }
    /// Whether all have replied, or thrown: nothing more will come.
    bool complete() const noexcept {
        return answers()->complete();
    }
};

namespace detail {

template <class Reply>
struct Requests {
    template <class E>
    static PendingReply<Reply> request(Hub& hub, E&& question, Duration timeout, const EmitOptions& options,
                                       const ScopeHandle* scope = nullptr) {
        return PendingReply<Reply>(ask(hub, scope, std::forward<E>(question), timeout, options, Answers::Until::first));
    }
    template <class E>
    static PendingReplies<Reply> request_all(Hub& hub, E&& question, Duration timeout, const EmitOptions& options,
                                             const ScopeHandle* scope = nullptr) {
        return PendingReplies<Reply>(ask(hub, scope, std::forward<E>(question), timeout, options, Answers::Until::all));
    }

private:
    template <class E>
    static std::shared_ptr<Answers> ask(Hub& hub, const ScopeHandle* scope, E&& question, Duration timeout,
                                        const EmitOptions& options, Answers::Until until) {
        if constexpr (Event<std::remove_cvref_t<E>>) {
            return with_draft(std::forward<E>(question), options, [&](const Draft& draft) {
                return Answers::ask(hub, scope, draft, event_type<Reply>(), timeout, until);
            });
        } else {
            refuse_event<std::decay_t<E>>();
            return nullptr;
        }
    }
};

/// What a replier has returned that gives the reply later; for coroutines in <hindsight/coroutine.hpp>.
template <class Result>
struct LaterReply;

template <class Result>
constexpr void require_reply() {
    static_assert(Event<std::remove_cvref_t<Result>> || is_defined<LaterReply<Result>>,
                  "hindsight: what replies must return an event; or boost::asio::awaitable of one, with "
                  "#include <hindsight/coroutine.hpp>");
}

/// A replier as a handler of its questions.
template <class Question, class F>
struct ReplyHandler {
    decltype(auto) operator()(const Question&, const Record& question) {
        using Result = decltype(call_handler<Question>(replier, question));
        if constexpr (is_defined<LaterReply<Result>>) {
            return LaterReply<Result>::reply(*hub, call_handler<Question>(replier, question), question);
        } else {
            Replying(*hub, question).reply_with([&]() -> Result { return call_handler<Question>(replier, question); });
        }
    }
    /// Whether it would fail at each question.
    friend bool operator==(const ReplyHandler& handler, std::nullptr_t) { return is_null_handler(handler.replier); }

    Hub* hub;
    F replier;
};

template <class Question>
struct Repliers {
    /// `place`: the callback manager or scope that subscribes it.
    template <class Place, class F>
    static Subscription reply(Hub& hub, Place& place, F replier, SubscribeOptions options) {
        static_assert(HandlerOf<F, Question>,
                      "hindsight: what replies must be callable with (const Question&), (const Question&, const "
                      "Record&) or (const Record&)");
        if constexpr (HandlerOf<F, Question>) {
            require_reply<decltype(call_handler<Question>(std::declval<F&>(), std::declval<const Record&>()))>();
            options.filter = options.filter.and_then([](const Record& question) {
                enter_replier(question);
                return true;
            });
            return place.template subscribe<Question>(ReplyHandler<Question, F>{&hub, std::move(replier)},
                                                      std::move(options));
        } else {
            return {};
        }
    }
};

}  // namespace detail
}  // namespace hindsight

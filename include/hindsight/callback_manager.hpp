// CallbackManager: who is called for which events. Part of every bus, and usable alone, without a history.
//
// Boost.Signals2 keeps the registry of connections behind one erased signature (impl/detail/subscription_signal.hpp);
// emitting iterates an immutable snapshot of it that is rebuilt when subscriptions have changed.
#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/draft_source.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/observing.hpp>
#include <hindsight/detail/schedule.hpp>
#include <hindsight/enumerated.hpp>
#include <hindsight/event.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/observer.hpp>
#include <hindsight/options.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/scheduled.hpp>
#include <hindsight/scope.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/subscription.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

namespace detail {
class Hub;
struct Ledger;
/// In <hindsight/request.hpp>.
template <class Reply>
struct Requests;
template <class Question>
struct Repliers;
}  // namespace detail

/// Thread-safe; every function may be called inside handlers, filters and policies. The destructor discards what is
/// still queued and waits for running handlers; inside a handler it leaves the rest to that handler's return.
class HINDSIGHT_API CallbackManager {
public:
    /// Without an executor, queued handlers run in run_pending(). Throws InvalidArgument.
    explicit CallbackManager(const CallbackOptions& options = {});
    ~CallbackManager();
    CallbackManager(const CallbackManager&) = delete;
    CallbackManager& operator=(const CallbackManager&) = delete;

    /// Calls the handlers of this event: see BasicEventBus::emit.
    template <class E>
        requires Event<std::remove_cvref_t<E>> Receipt emit(E&& event,
                                                            const EmitOptions& options = default_emit_options) {
            Receipt receipt;
            detail::with_draft(std::forward<E>(event), options,
                               [&](const detail::Draft& draft) { detail::emit(*hub_, draft, receipt); });
            return receipt;
        }

    /// Refused with a readable error: what is no event.
    template <class E>
        requires(!Event<std::remove_cvref_t<E>>)
    Receipt emit(E&&, const EmitOptions& = default_emit_options) {
        detail::refuse_event<std::decay_t<E>>();
        return {};
    }

    /// See BasicEventBus, for both.
    template <std::ranges::input_range R>
    BatchReceipt emit_many(R&& events, const EmitOptions& options = default_emit_options) {
        using E = std::remove_cvref_t<std::ranges::range_reference_t<R>>;
        BatchReceipt receipt;
        if constexpr (Event<E>) {
            detail::emit_many(*hub_, detail::RangeDrafts<R>(events, options), receipt);
        } else {
            detail::refuse_event<E>();
        }
        return receipt;
    }
    template <Event E>
    BatchReceipt emit_many(std::initializer_list<E> events, const EmitOptions& options = default_emit_options) {
        return emit_many(std::span<const E>(events.begin(), events.size()), options);
    }

    /// See BasicEventBus, for all three.
    template <class E>
    Scheduled emit_after(Duration delay, E&& event, const EmitOptions& options = default_emit_options) {
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::after, .delay = delay});
    }
    template <class E>
    Scheduled emit_at(TimePoint time, E&& event, const EmitOptions& options = default_emit_options) {
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::at, .time = time});
    }
    template <class E>
    Scheduled emit_every(Duration period, E&& event, const EmitOptions& options = default_emit_options) {
        static_assert(!Event<std::remove_cvref_t<E>> || std::copy_constructible<std::remove_cvref_t<E>>,
                      "hindsight: emit_every emits copies, and this event type cannot be copied");
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::every, .delay = period});
    }

    /// See BasicEventBus::subscribe, for all three.
    template <EventOrBase E, class F>
    Subscription subscribe(F handler, SubscribeOptions options = {}) {
        return connect(detail::make_event_node<E>(std::move(handler)), nullptr, &detail::event_type<E>(),
                       std::move(options));
    }
    template <class F>
    Subscription subscribe(Pattern pattern, F handler, SubscribeOptions options = {}) {
        return connect(detail::make_record_node(std::move(handler)), &pattern, nullptr, std::move(options));
    }
    template <EventOrBase E, class T, class M>
        requires std::is_member_function_pointer_v<M> Subscription subscribe(const std::shared_ptr<T>& receiver,
                                                                             M member, SubscribeOptions options = {}) {
            return connect(detail::make_member_node<E>(receiver, member), nullptr, &detail::event_type<E>(),
                           std::move(options));
        }

    /// See BasicEventBus::subscribe of a kind.
    template <Event D, EnumeratedKind K, class F>
    Subscription subscribe(K kind, F handler, SubscribeOptions options = {}) {
        Pattern name(kind);
        return connect(detail::make_data_node<K, D>(std::move(handler)), &name,
                       &detail::event_type<EnumeratedEvent<K, D>>(), std::move(options));
    }

    /// Refused with a readable error: a subscription is either to a type or to a name.
    template <Event E, std::convertible_to<std::string_view> Name, class F>
    Subscription subscribe(const Name&, F, SubscribeOptions = {}) {
        detail::refuse_type_and_name<E>();
        return {};
    }
    template <class F>
    Subscription subscribe(F, SubscribeOptions = {}) {
        detail::refuse_handler_alone<F>();
        return {};
    }

    /// See BasicEventBus::attach, for all three.
    template <EventOrBase... E, class O>
        requires(!detail::is_smart_pointer<std::remove_const_t<O>>)
    Subscription attach(O& observer, const SubscribeOptions& options = {}) {
        return attach_draft(detail::draft_of_referenced<E...>(observer), options);
    }
    template <EventOrBase... E, class O>
    Subscription attach(const std::shared_ptr<O>& observer, const SubscribeOptions& options = {}) {
        return attach_draft(detail::draft_of_shared<E...>(observer), options);
    }
    template <EventOrBase... E, class O>
    Subscription attach(const std::weak_ptr<O>& observer, const SubscribeOptions& options = {}) {
        return attach<E...>(observer.lock(), options);
    }

    /// See BasicEventBus::inbox, for both.
    template <EventOrBase E>
    Inbox<E> inbox(SubscribeOptions options = {}) {
        return Inbox<E>(connect_inbox(nullptr, &detail::event_type<E>(), std::move(options)));
    }
    Inbox<Record> inbox(Pattern pattern, SubscribeOptions options = {}) {
        return Inbox<Record>(connect_inbox(&pattern, nullptr, std::move(options)));
    }

    /// See BasicEventBus::use, for all three.
    template <EventOrBase E, class F>
    Middleware use(F middleware, MiddlewareOptions options = {}) {
        return use_node(detail::make_event_middleware_node<E>(std::move(middleware)), nullptr, &detail::event_type<E>(),
                        std::move(options));
    }
    template <class F>
    Middleware use(F middleware, MiddlewareOptions options = {}) {
        Pattern all("*");
        return use_node(detail::make_draft_middleware_node(std::move(middleware)), &all, nullptr, std::move(options));
    }
    template <class F>
    Middleware use(Pattern pattern, F middleware, MiddlewareOptions options = {}) {
        return use_node(detail::make_draft_middleware_node(std::move(middleware)), &pattern, nullptr,
                        std::move(options));
    }

    /// See BasicEventBus, for all three. They need <hindsight/request.hpp>.
    template <Event Question, class F, class A = detail::Repliers<Question>>
    Subscription reply(F replier, SubscribeOptions options = {}) {
        static_assert(detail::is_defined<A>, "hindsight: reply() needs #include <hindsight/request.hpp>");
        return A::reply(*hub_, *this, std::move(replier), std::move(options));
    }
    template <Event Reply, class E, class A = detail::Requests<Reply>>
    auto request(E&& question, Duration timeout, const EmitOptions& options = default_emit_options) {
        static_assert(detail::is_defined<A>, "hindsight: request() needs #include <hindsight/request.hpp>");
        return A::request(*hub_, std::forward<E>(question), timeout, options);
    }
    template <Event Reply, class E, class A = detail::Requests<Reply>>
    auto request_all(E&& question, Duration timeout, const EmitOptions& options = default_emit_options) {
        static_assert(detail::is_defined<A>, "hindsight: request_all() needs #include <hindsight/request.hpp>");
        return A::request_all(*hub_, std::forward<E>(question), timeout, options);
    }

    /// See BasicEventBus::scope, for both.
    Scope scope();
    Scope scope(std::string_view name);

    /// See BasicEventBus::run_pending.
    std::size_t run_pending(std::size_t max = no_limit);

    /// See BasicEventBus::shutdown.
    ShutdownReport shutdown(Duration timeout);

    Statistics stats() const;
    void reset_stats() noexcept;
    /// How many subscriptions are connected; with a text, those that subscribed to just that name or pattern. O(n).
    std::size_t subscription_count() const;
    std::size_t subscription_count(std::string_view pattern) const;
    TimePoint now() const noexcept;

    /// For the library: as part of a bus.
    CallbackManager(const CallbackOptions& options, std::shared_ptr<detail::Ledger> ledger,
                    std::function<std::shared_ptr<Executor>()> make_executor, bool single_threaded);
    detail::Hub& hub() const noexcept { return *hub_; }
    /// For the library: ends it before its destructor does. False: other threads are still in handlers, see Hub::stop.
    bool stop() noexcept;

private:
    template <class E>
    Scheduled schedule(E&& event, const EmitOptions& options, const detail::When& when) {
        if constexpr (Event<std::remove_cvref_t<E>>) {
            return detail::with_draft(std::forward<E>(event), options,
                                      [&](const detail::Draft& draft) { return detail::schedule(*hub_, draft, when); });
        } else {
            detail::refuse_event<std::decay_t<E>>();
            return {};
        }
    }

    /// `pattern`: null for the name of the type.
    Subscription connect(detail::NodePtr node, Pattern* pattern, const detail::EventType* type,
                         SubscribeOptions&& options);
    Subscription attach_draft(detail::ObserverDraft&& observer, const SubscribeOptions& options);
    Middleware use_node(detail::NodePtr node, Pattern* pattern, const detail::EventType* type,
                        MiddlewareOptions&& options);
    detail::NodePtr connect_inbox(Pattern* pattern, const detail::EventType* type, SubscribeOptions&& options);

    std::shared_ptr<detail::Hub> hub_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/callback_manager.ipp>
#endif

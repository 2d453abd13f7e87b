// Scope: a bus within a bus, for what belongs together for a while: a provider, a session, a request.
#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/draft_source.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/observing.hpp>
#include <hindsight/detail/when.hpp>
#include <hindsight/enumerated.hpp>
#include <hindsight/event.hpp>
#include <hindsight/inbox.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/observer.hpp>
#include <hindsight/options.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/scheduled.hpp>
#include <hindsight/scope_history.hpp>
#include <hindsight/subscription.hpp>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

namespace detail {
class Hub;
template <class Question>
struct Repliers;
template <class Reply>
struct Requests;
struct ScopeHandle;

/// For the library: what Scope does with events.
HINDSIGHT_API void emit_in(const ScopeHandle* scope, const Draft& draft, Receipt& receipt);
HINDSIGHT_API void emit_many_in(const ScopeHandle* scope, const DraftSource& source, BatchReceipt& receipt);
HINDSIGHT_API Scheduled schedule_in(const ScopeHandle* scope, const Draft& draft, const When& when);
}  // namespace detail

/// A handle of a scope. What is emitted in a scope carries its name (`Record::scope()`), and reaches the subscribers of
/// the scope and of every scope above it, up to the bus itself; not those of its siblings, nor those below. It has its
/// seq, its limits and its place in history from the bus.
///
/// A scope's name is a path, as event names are: "provider.anthropic" lies below "provider", whether somebody has that
/// or not. Handles of one name on one bus are handles of one scope. It ends with the last of them: then everything
/// that is in it is unsubscribed, also what was detached or is still held, as `Subscription::disconnect` does it (which
/// waits for running handlers), its middleware is removed, and what was scheduled in it is cancelled. History stays. A
/// handle that was made through another (`scope.scope(...)`) ends together with the scope of that one.
///
/// Emitting in a scope takes about three times the instructions of emitting on the bus, see docs/scopes.md; who emits
/// on the bus pays nothing for scopes.
///
/// Every function is thread-safe but for moves and destruction, and may be called inside handlers. Handles may outlive
/// the bus. Where the handle has ended, or the bus, `emit` returns Outcome::closed, and what would make something new
/// throws Closed; an empty or moved-from handle throws InvalidArgument.
class [[nodiscard("the scope ends at once unless its handle is kept")]] HINDSIGHT_API Scope {
public:
    Scope() noexcept;
    Scope(Scope && other) noexcept;
    Scope& operator=(Scope&& other) noexcept;
    ~Scope();

    /// Ends the handle, as the destructor does. It is empty then.
    void end() noexcept;
    /// Whether it has not ended, nor has its bus been destroyed.
    bool open() const noexcept;
    /// With those of the scopes that it lies in; empty for an empty handle. A view of text that the handle owns.
    std::string_view name() const noexcept;

    /// A scope below this one, whose handle ends together with this scope: "session" in "provider.anthropic" is
    /// "provider.anthropic.session". Without a name it has one that no scope has yet: "scope-1", "scope-2" ... Throws
    /// InvalidName, LimitReached (`max_names`), Closed, std::bad_alloc; nothing has changed then.
    Scope scope() const {
        return make(std::nullopt);
    }
    Scope scope(std::string_view name) const {
        return make(name);
    }

    /// See BasicEventBus::emit. What a handler emits on the bus is not in the scope that the handler is in.
    template <class E>
        requires Event<std::remove_cvref_t<E>> Receipt emit(E && event,
                                                            const EmitOptions& options = default_emit_options)
    const {
        Receipt receipt;
        detail::with_draft(std::forward<E>(event), options,
                           [&](const detail::Draft& draft) { detail::emit_in(handle_.get(), draft, receipt); });
        return receipt;
    }
    /// Refused with a readable error: what is no event.
    template <class E>
        requires(!Event<std::remove_cvref_t<E>>)
    Receipt emit(E&&, const EmitOptions& = default_emit_options)
    const {
        detail::refuse_event<std::decay_t<E>>();
        return {};
    }

    /// See BasicEventBus::emit_many.
    template <std::ranges::input_range R>
    BatchReceipt emit_many(R && events, const EmitOptions& options = default_emit_options) const {
        using E = std::remove_cvref_t<std::ranges::range_reference_t<R>>;
        BatchReceipt receipt;
        if constexpr (Event<E>) {
            const std::shared_ptr<detail::ScopeHandle> handle = handle_;
            detail::emit_many_in(handle.get(), detail::RangeDrafts<R>(events, options), receipt);
        } else {
            detail::refuse_event<E>();
        }
        return receipt;
    }
    template <Event E>
    BatchReceipt emit_many(std::initializer_list<E> events, const EmitOptions& options = default_emit_options) const {
        return emit_many(std::span<const E>(events.begin(), events.size()), options);
    }

    /// See BasicEventBus::emit_after, emit_at and emit_every.
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled emit_after(
        Duration delay, E && event, const EmitOptions& options = default_emit_options) const {
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::after, .delay = delay});
    }
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled emit_at(
        TimePoint time, E && event, const EmitOptions& options = default_emit_options) const {
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::at, .time = time});
    }
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled emit_every(
        Duration period, E && event, const EmitOptions& options = default_emit_options) const {
        static_assert(!Event<std::remove_cvref_t<E>> || std::copy_constructible<std::remove_cvref_t<E>>,
                      "hindsight: emit_every emits copies, and this event type cannot be copied");
        return schedule(std::forward<E>(event), options, {.kind = detail::When::Kind::every, .delay = period});
    }

    /// See BasicEventBus::subscribe, for all. A `replay` is of the scope's past only.
    template <EventOrBase E, class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription subscribe(
        F handler, SubscribeOptions options = {}) const {
        return connect(detail::make_event_node<E>(std::move(handler)), nullptr, &detail::event_type<E>(),
                       std::move(options));
    }
    template <class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription subscribe(
        Pattern pattern, F handler, SubscribeOptions options = {}) const {
        return connect(detail::make_record_node(std::move(handler)), &pattern, nullptr, std::move(options));
    }
    template <EventOrBase E, class T, class M>
        requires std::is_member_function_pointer_v<M>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription subscribe(
        const std::shared_ptr<T>& receiver, M member, SubscribeOptions options = {}) const {
        return connect(detail::make_member_node<E>(receiver, member), nullptr, &detail::event_type<E>(),
                       std::move(options));
    }
    template <Event D, EnumeratedKind K, class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription subscribe(
        K kind, F handler, SubscribeOptions options = {}) const {
        Pattern name(kind);
        return connect(detail::make_data_node<K, D>(std::move(handler)), &name,
                       &detail::event_type<EnumeratedEvent<K, D>>(), std::move(options));
    }
    /// Refused with a readable error: a subscription is either to a type or to a name.
    template <Event E, std::convertible_to<std::string_view> Name, class F>
    Subscription subscribe(const Name&, F, SubscribeOptions = {}) const {
        detail::refuse_type_and_name<E>();
        return {};
    }
    template <class F>
    Subscription subscribe(F, SubscribeOptions = {}) const {
        detail::refuse_handler_alone<F>();
        return {};
    }

    /// See BasicEventBus::attach, for all. An observer may be attached to the bus and to scopes, and has a subscription
    /// in each.
    template <EventOrBase... E, class O>
        requires(!detail::is_smart_pointer<std::remove_const_t<O>>)
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription attach(
        O & observer, const SubscribeOptions& options = {}) const {
        return attach_draft(detail::draft_of_referenced<E...>(observer), options);
    }
    template <EventOrBase... E, class O>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription attach(
        const std::shared_ptr<O>& observer, const SubscribeOptions& options = {}) const {
        return attach_draft(detail::draft_of_shared<E...>(observer), options);
    }
    template <EventOrBase... E, class O>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription attach(
        const std::weak_ptr<O>& observer, const SubscribeOptions& options = {}) const {
        return attach<E...>(observer.lock(), options);
    }

    /// See BasicEventBus::inbox, for both.
    template <EventOrBase E>
    Inbox<E> inbox(SubscribeOptions options = {}) const {
        return Inbox<E>(connect_inbox(nullptr, &detail::event_type<E>(), std::move(options)));
    }
    Inbox<Record> inbox(Pattern pattern, SubscribeOptions options = {}) const {
        return Inbox<Record>(connect_inbox(&pattern, nullptr, std::move(options)));
    }

    /// See BasicEventBus::use, for all: for what is emitted in this scope and below it. Among the middleware of the
    /// scopes above, each runs in the order of `use`.
    template <EventOrBase E, class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware use(
        F middleware, MiddlewareOptions options = {}) const {
        return use_node(detail::make_event_middleware_node<E>(std::move(middleware)), nullptr, &detail::event_type<E>(),
                        std::move(options));
    }
    template <class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware use(
        F middleware, MiddlewareOptions options = {}) const {
        Pattern all("*");
        return use_node(detail::make_draft_middleware_node(std::move(middleware)), &all, nullptr, std::move(options));
    }
    template <class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware use(
        Pattern pattern, F middleware, MiddlewareOptions options = {}) const {
        return use_node(detail::make_draft_middleware_node(std::move(middleware)), &pattern, nullptr,
                        std::move(options));
    }

    /// See BasicEventBus, for all three, which need <hindsight/request.hpp>. The question is emitted in this scope, so
    /// those reply to it who reply in this scope and above it, and so is the reply. Throw Closed where the handle has
    /// ended.
    template <Event Question, class F, class A = detail::Repliers<Question>>
    [[nodiscard("nobody replies any more unless the subscription is kept or detached")]] Subscription reply(
        F replier, SubscribeOptions options = {}) const {
        static_assert(detail::is_defined<A>, "hindsight: reply() needs #include <hindsight/request.hpp>");
        return A::reply(*bus_for("reply"), *this, std::move(replier), std::move(options));
    }
    template <Event Reply, class E, class A = detail::Requests<Reply>>
    auto request(E && question, Duration timeout, const EmitOptions& options = default_emit_options) const {
        static_assert(detail::is_defined<A>, "hindsight: request() needs #include <hindsight/request.hpp>");
        const std::shared_ptr<detail::ScopeHandle> handle = handle_;
        return A::request(*bus_for("request"), std::forward<E>(question), timeout, options, handle.get());
    }
    template <Event Reply, class E, class A = detail::Requests<Reply>>
    auto request_all(E && question, Duration timeout, const EmitOptions& options = default_emit_options) const {
        static_assert(detail::is_defined<A>, "hindsight: request_all() needs #include <hindsight/request.hpp>");
        const std::shared_ptr<detail::ScopeHandle> handle = handle_;
        return A::request_all(*bus_for("request_all"), std::forward<E>(question), timeout, options, handle.get());
    }

    /// What was emitted in this scope and below it, by this handle or others of the name, as far as the bus keeps it.
    /// Also once the handle has ended. Throws Closed where the bus, and with it its history, has been destroyed.
    ScopeHistory history() const;

    /// For the library.
    Scope(detail::Hub & hub, std::optional<std::string_view> name);

private:
    explicit Scope(std::shared_ptr<detail::ScopeHandle> handle) noexcept;

    Scope make(std::optional<std::string_view> name) const;
    template <class E>
    Scheduled schedule(E && event, const EmitOptions& options, const detail::When& when) const {
        if constexpr (Event<std::remove_cvref_t<E>>) {
            const std::shared_ptr<detail::ScopeHandle> handle = handle_;
            return detail::with_draft(std::forward<E>(event), options, [&](const detail::Draft& draft) {
                return detail::schedule_in(handle.get(), draft, when);
            });
        } else {
            detail::refuse_event<std::decay_t<E>>();
            return {};
        }
    }

    /// Throws Closed where there is none any more, or the handle has ended.
    std::shared_ptr<detail::Hub> bus_for(const char* what) const;
    /// `pattern`: null for the name of the type.
    Subscription connect(detail::NodePtr node, Pattern * pattern, const detail::EventType* type,
                         SubscribeOptions&& options) const;
    Subscription attach_draft(detail::ObserverDraft && observer, const SubscribeOptions& options) const;
    Middleware use_node(detail::NodePtr node, Pattern * pattern, const detail::EventType* type,
                        MiddlewareOptions&& options) const;
    detail::NodePtr connect_inbox(Pattern * pattern, const detail::EventType* type, SubscribeOptions&& options) const;

    // Shared with calls during which the user's code may end it.
    std::shared_ptr<detail::ScopeHandle> handle_;
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/scope.ipp>
#endif

// Middleware: what events go through before anything else happens to them: it may change, veto or replace them. The
// ready-made ones are in middlewares.hpp; see docs/middleware.md.
#pragma once

#include <hindsight/detail/amended_draft.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/handler.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/event.hpp>
#include <hindsight/record.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/subscription.hpp>
#include <hindsight/types.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

/// An event that is being emitted, as middleware sees it: before it has a seq, a place in history, or a handler.
///
/// Valid during the call that it was given to, and for the thread of that call alone. Views and pointers that it gives
/// are valid as long. What is set here is seen by the middleware that comes next, by history and by handlers; what is
/// wrong with it (a text over 65535 bytes, a severity that is none) makes the middleware fail when it returns.
class DraftView {
public:
    std::string_view name() const noexcept { return draft_.draft().name(); }
    std::string_view source() const noexcept { return draft_.draft().options.source; }
    /// The emitter's, else the event's, else the source.
    std::string_view key() const noexcept { return draft_.key(); }
    std::string_view correlation() const noexcept { return draft_.draft().options.correlation; }
    /// That it is emitted in; empty: the bus itself.
    std::string_view scope() const noexcept { return draft_.draft().scope(); }
    /// The seq of the event whose handler emits this one, or the one given by the emitter; 0: none.
    Seq cause() const noexcept { return draft_.draft().options.cause; }
    Severity severity() const noexcept { return draft_.severity(); }
    /// The name-value pairs, in order.
    std::span<const std::pair<std::string_view, std::string_view>> metadata() const noexcept {
        return draft_.metadata();
    }
    /// The value of the first entry of that name. O(entries).
    std::optional<std::string_view> metadata(std::string_view name) const noexcept {
        for (const auto& [each, value] : draft_.metadata()) {
            if (each == name) return value;
        }
        return std::nullopt;
    }
    /// Whether it is emitted again from a recording.
    bool replayed() const noexcept { return draft_.replayed(); }
    /// The time on the bus's clock.
    TimePoint now() const noexcept { return draft_.now(); }

    /// All texts are copied. Throw std::bad_alloc.
    void set_source(std::string_view source) { draft_.set_source(source); }
    void set_key(std::string_view key) { draft_.set_key(key); }
    void set_correlation(std::string_view correlation) { draft_.set_correlation(correlation); }
    void set_severity(Severity severity) noexcept { draft_.set_severity(severity); }
    /// Replaces all entries of that name, at the place of the first; without any, it is added at the end. O(entries).
    void set_metadata(std::string_view name, std::string_view value) { draft_.set_metadata(name, value); }
    /// All entries of that name; whether there was one.
    bool remove_metadata(std::string_view name) { return draft_.remove_metadata(name); }

    /// The payload, if it is an E; else null.
    template <Event E>
    const E* get_if() const noexcept {
        return holds<E>() ? static_cast<const E*>(draft_.draft().event) : nullptr;
    }
    /// The same to change it. The emitter's object is never changed, unless it was emitted as an rvalue: the first call
    /// copies the event, and throws what that throws. Key and size are taken from it anew when the middleware returns;
    /// an event that names itself must keep its name. Pointers from `get_if` are to the event as it was before.
    template <Event E>
    E* edit_if() {
        return holds<E>() ? static_cast<E*>(draft_.editable_event(&detail::describe_event<E>)) : nullptr;
    }

    /// Refuses the event, once the middleware has returned: nobody sees it, and no other middleware is asked. It is
    /// counted, and its receipt has the reason; the first reason counts. Throws InvalidArgument for an empty one.
    void veto(std::string_view reason) { draft_.veto(reason); }
    bool vetoed() const noexcept { return draft_.vetoed(); }

    /// For the library.
    explicit DraftView(detail::AmendedDraft& draft) noexcept : draft_(draft) {}
    DraftView(const DraftView&) = delete;
    DraftView& operator=(const DraftView&) = delete;

private:
    template <Event E>
    bool holds() const noexcept {
        const detail::EventType& type = draft_.draft().type;
        return &type == &detail::event_type<E>() || detail::same_type(type, detail::event_type<E>());
    }

    detail::AmendedDraft& draft_;
};

struct MiddlewareOptions {
    /// Shown in receipts, errors and statistics.
    std::string name = {};
};

/// The handle that keeps middleware in use; the destructor removes it. Move-only. Every function is thread-safe but for
/// moves and destruction, and may be called inside handlers and middleware, after the bus is gone, and on an empty
/// handle.
class [[nodiscard]] Middleware {
public:
    Middleware() noexcept = default;

    /// Removes it. On return it is not running, will not run again, and its state is destroyed. Waits for it where
    /// other threads run it; inside itself, or where waiting would close a cycle, it returns at once with false, and
    /// the state is destroyed when the last run returns. Events that are being emitted meanwhile go through it or past
    /// it.
    bool disconnect() noexcept { return subscription_.disconnect(); }
    /// The same without waiting for anyone.
    void close() noexcept { subscription_.close(); }
    /// Leaves it in use until the bus ends. The handle is then empty.
    void detach() && noexcept { std::move(subscription_).detach(); }

    bool connected() const noexcept { return subscription_.connected(); }
    /// Unique among the subscriptions and middleware of its bus, increasing; 0 for an empty handle.
    std::uint64_t id() const noexcept { return subscription_.id(); }
    /// Also after it was removed. Throws std::bad_alloc; takes the bus's short lock.
    MiddlewareStatistics stats() const;

    /// For the library.
    explicit Middleware(detail::NodePtr node) noexcept : subscription_(std::move(node)) {}

private:
    Subscription subscription_;
};

namespace detail {

/// Middleware's node counts as that of a subscription does.
inline MiddlewareStatistics as_middleware(SubscriptionStatistics counted) {
    return {.id = counted.id,
            .name = std::move(counted.name),
            .pattern = std::move(counted.pattern),
            .passed = counted.delivered,
            .vetoed = counted.filtered,
            .failed = counted.failed};
}

template <class F, class E>
concept InterceptsMutable = std::invocable<F&, E&, DraftView&> || std::invocable<F&, E&>;
/// Only asked of what has one operator(): one that takes `auto&` might not compile with a constant.
template <class F, class E>
concept InterceptsConstant = PlainCallable<F> &&
    (std::invocable<F&, const E&, DraftView&> || std::invocable<F&, const E&>);

template <class Result>
constexpr void require_no_result() {
    static_assert(std::is_void_v<Result>,
                  "hindsight: middleware must return void; to refuse an event call draft.veto(reason)");
}

/// Middleware for all types.
template <class F>
struct DraftMiddleware {
    void operator()(const Record&) const noexcept {}  // never called: it is no handler
    void intercept(DraftView& draft) { std::invoke(middleware, draft); }

    F middleware;
};

/// Middleware for events of type E.
template <class E, class F>
struct EventMiddleware {
    void operator()(const Record&) const noexcept {}
    void intercept(DraftView& draft) {
        if constexpr (InterceptsConstant<F, E>) {
            call(*draft.get_if<E>(), draft);
        } else {
            call(*draft.edit_if<E>(), draft);
        }
    }

    template <class Argument>
    void call(Argument& event, DraftView& draft) {
        if constexpr (std::invocable<F&, Argument&, DraftView&>) {
            require_no_result<std::invoke_result_t<F&, Argument&, DraftView&>>();
            std::invoke(middleware, event, draft);
        } else {
            require_no_result<std::invoke_result_t<F&, Argument&>>();
            std::invoke(middleware, event);
        }
    }

    F middleware;
};

/// Null for null middleware.
template <class F>
NodePtr make_draft_middleware_node(F middleware) {
    static_assert(std::invocable<F&, DraftView&>,
                  "hindsight: middleware must be callable with (DraftView&); for one on the event itself write "
                  "use<Event>(...)");
    if constexpr (std::invocable<F&, DraftView&>) {
        require_no_result<std::invoke_result_t<F&, DraftView&>>();
        if (!is_null_handler(middleware)) {
            return Node::make_middleware(DraftMiddleware<F>{std::move(middleware)});
        }
    }
    return NodePtr();
}

/// The same for one of an event type.
template <EventOrBase E, class F>
NodePtr make_event_middleware_node(F middleware) {
    static_assert(!is_event_base<E>,
                  "hindsight: middleware is for types of events, and this is a base of events; use it for the types "
                  "that derive from it, for a pattern, or for all events");
    constexpr bool takes_event = InterceptsMutable<F, E> || InterceptsConstant<F, E>;
    static_assert(takes_event || std::invocable<F&, DraftView&>,
                  "hindsight: the middleware must be callable with (E&, DraftView&), (const E&, DraftView&), (E&), "
                  "(const E&) or (DraftView&)");
    if constexpr (is_event_base<E>) {
        return NodePtr();
    } else if constexpr (takes_event) {
        if (!is_null_handler(middleware)) {
            return Node::make_middleware(EventMiddleware<E, F>{std::move(middleware)});
        }
        return NodePtr();
    } else {
        return make_draft_middleware_node(std::move(middleware));
    }
}

}  // namespace detail

inline MiddlewareStatistics Middleware::stats() const {
    return detail::as_middleware(subscription_.stats());
}

}  // namespace hindsight

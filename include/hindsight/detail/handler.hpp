// Turns what users subscribe (callables on the event, on the record, on both; member functions) into nodes, and refuses
// what could not work with one readable error.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/enumerated.hpp>
#include <hindsight/event.hpp>
#include <hindsight/record.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

/// What can handle events of type E. Tried in this order: `(const E&, const Record&)`, `(const E&)`, `(const Record&)`.
template <class F, class E>
concept HandlerOf =
    std::invocable<F&, const E&, const Record&> || std::invocable<F&, const E&> || std::invocable<F&, const Record&>;

namespace detail {

/// The payload of a record that is known to hold an E, or an event that names E as its base.
template <class E>
const E& payload_of(const Record& record) noexcept {
    const Envelope& envelope = *record.envelope();
    if constexpr (is_event_base<E>) {
        return *static_cast<const E*>(event_as(*envelope.type, envelope.payload(), event_type<E>()));
    }
    return *static_cast<const E*>(envelope.payload());
}

/// Whether it is a null pointer or an empty function, which would fail at each call.
template <class F>
bool is_null_handler(const F& handler) noexcept {
    if constexpr (requires { static_cast<bool>(handler == nullptr); }) {
        return handler == nullptr;
    } else {
        return false;
    }
}

/// Calls it with what it takes.
template <class E, class F>
decltype(auto) call_handler(F& handler, const Record& record) {
    if constexpr (std::invocable<F&, const E&, const Record&>) {
        return std::invoke(handler, payload_of<E>(record), record);
    } else if constexpr (std::invocable<F&, const E&>) {
        return std::invoke(handler, payload_of<E>(record));
    } else {
        return std::invoke(handler, record);
    }
}

/// Starts what a handler has returned that goes on after its call; for coroutines in <hindsight/coroutine.hpp>.
template <class Result>
struct Starter;

/// Refuses a handler that returns anything else.
template <class Result>
constexpr void require_right_result() {
    static_assert(std::is_void_v<Result> || is_defined<Starter<Result>>,
                  "hindsight: the handler must return void; or boost::asio::awaitable<void>, with "
                  "#include <hindsight/coroutine.hpp>");
}

/// A handler of E, or of records, as one of records whose runs go on after its call (see long_run.hpp).
template <class E, class F>
struct CoroutineHandler {
    decltype(auto) call(const Record& record) {
        if constexpr (std::same_as<E, Record>) {
            return std::invoke(handler, record);
        } else {
            return call_handler<E>(handler, record);
        }
    }
    void operator()(const Record& record) { Starter<decltype(call(record))>::start(call(record)); }

    F handler;
};

/// Null for a null handler.
template <class E, class F>
NodePtr make_coroutine_node(F handler) {
    if (is_null_handler(handler)) return NodePtr();
    NodePtr node = Node::make(CoroutineHandler<E, F>{std::move(handler)});
    node->flags.fetch_or(Node::coroutine, std::memory_order_relaxed);
    return node;
}

/// A handler of E as one of records.
template <class E, class F>
struct EventHandler {
    void operator()(const Record& record) { call_handler<E>(handler, record); }
    // Of a base nobody knows where it lies in the event, but for the record.
    void with_event(const void* event) requires(!is_event_base<E> && !std::invocable<F&, const E&, const Record&> &&
                                                std::invocable<F&, const E&>) {
        std::invoke(handler, *static_cast<const E*>(event));
    }

    F handler;
};

/// For `subscribe<Event>(name, handler)`.
template <Event E>
constexpr void refuse_type_and_name() {
    static_assert(!std::same_as<E, E>,
                  "hindsight: subscribe<Event>(name, handler): a subscription is either to a type or to a name; "
                  "write subscribe<Event>(handler) or subscribe(name, handler)");
}

/// For `subscribe(handler)`.
template <class F>
constexpr void refuse_handler_alone() {
    static_assert(!std::same_as<F, F>,
                  "hindsight: subscribe(handler): to which events? Write subscribe<Event>(handler) or "
                  "subscribe(\"a.name.or.pattern\", handler)");
}

/// Null for a null handler.
template <EventOrBase E, class F>
NodePtr make_event_node(F handler) {
    static_assert(HandlerOf<F, E>,
                  "hindsight: the handler must be callable with (const E&), (const E&, const Record&) or "
                  "(const Record&); events are shared, so it cannot take E& or E&&");
    if constexpr (HandlerOf<F, E>) {
        using Result = decltype(call_handler<E>(std::declval<F&>(), std::declval<const Record&>()));
        require_right_result<Result>();
        if constexpr (is_defined<Starter<Result>>) {
            return make_coroutine_node<E>(std::move(handler));
        } else {
            if (!is_null_handler(handler)) return Node::make(EventHandler<E, F>{std::move(handler)});
        }
    }
    return NodePtr();
}

template <class F>
NodePtr make_record_node(F handler) {
    static_assert(std::invocable<F&, const Record&>,
                  "hindsight: the handler of a name or pattern must be callable with (const Record&)");
    if constexpr (std::invocable<F&, const Record&>) {
        using Result = std::invoke_result_t<F&, const Record&>;
        require_right_result<Result>();
        if constexpr (is_defined<Starter<Result>>) {
            return make_coroutine_node<Record>(std::move(handler));
        } else {
            if (!is_null_handler(handler)) return Node::make(std::move(handler));
        }
    }
    return NodePtr();
}

/// A handler of the data of enumerated events as one of these events.
template <class K, class D, class F>
struct DataHandler {
    decltype(auto) operator()(const EnumeratedEvent<K, D>& event, const Record& record) {
        if constexpr (std::invocable<F&, const D&, const Record&>) {
            return std::invoke(handler, event.data, record);
        } else if constexpr (std::invocable<F&, const D&>) {
            return std::invoke(handler, event.data);
        } else {
            return std::invoke(handler, record);
        }
    }

    F handler;
};

/// Null for a null handler.
template <class K, Event D, class F>
NodePtr make_data_node(F handler) {
    static_assert(HandlerOf<F, D>,
                  "hindsight: the handler must be callable with (const D&), (const D&, const Record&) or "
                  "(const Record&), where D is the data; events are shared, so it cannot take D& or D&&");
    if constexpr (HandlerOf<F, D>) {
        if (!is_null_handler(handler))
            return make_event_node<EnumeratedEvent<K, D>>(DataHandler<K, D, F>{std::move(handler)});
    }
    return NodePtr();
}

/// A member function of an object that whoever calls it keeps alive meanwhile (see Node::receiver).
template <class T, class M>
struct BoundMember {
    template <class... Arguments>
        requires std::invocable<M, T*, const Arguments&...>
    decltype(auto) operator()(const Arguments&... arguments) const { return std::invoke(member, object, arguments...); }

    T* object;
    M member;
};

[[noreturn]] HINDSIGHT_API void throw_null_receiver();

/// Null for a null handler.
template <EventOrBase E, class T, class M>
NodePtr make_member_node(const std::shared_ptr<T>& receiver, M member) {
    if (receiver == nullptr) throw_null_receiver();
    if (member == nullptr) return NodePtr();
    NodePtr node = make_event_node<E>(BoundMember<T, M>{receiver.get(), member});
    node->receiver = std::weak_ptr<const void>(receiver);
    return node;
}

}  // namespace detail
}  // namespace hindsight

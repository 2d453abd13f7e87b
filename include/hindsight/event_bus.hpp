// EventBus: emit typed events, handle them, and look back at them. The facade over an EventStore, a CallbackManager and
// a thread pool; see docs/quick_start.md.
#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/enumerated.hpp>
#include <hindsight/event.hpp>
#include <hindsight/event_store.hpp>
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
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

class ThreadPool;

/// For buses that a single thread uses: no locking, no threads, and queued handlers run in run_pending().
struct NullMutex {};

/// The traits choose the mutex of the bus: std::mutex, or NullMutex.
struct DefaultTraits {
    using Mutex = std::mutex;
};
struct SingleThreadedTraits {
    using Mutex = NullMutex;
};

namespace detail {

/// All of a bus that does not depend on its traits.
class HINDSIGHT_API BusCore {
public:
    BusCore(BusOptions options, std::shared_ptr<EventStore> store, bool single_threaded);
    ~BusCore();
    BusCore(const BusCore&) = delete;
    BusCore& operator=(const BusCore&) = delete;

    EventStore& history() const noexcept { return *store_; }
    CallbackManager& callbacks() noexcept { return callbacks_; }
    const CallbackManager& callbacks() const noexcept { return callbacks_; }
    std::size_t retire(const EventType& type);

private:
    /// The bus's own pool, which starts with the first queued subscription.
    struct OwnPool {
        std::shared_ptr<ThreadPool> threads;
    };

    /// The bus's hold on its store, which belongs to one bus at a time.
    class Claim {
    public:
        explicit Claim(EventStore& store);
        ~Claim();
        Claim(const Claim&) = delete;
        Claim& operator=(const Claim&) = delete;

    private:
        EventStore& store_;
    };

    const BusOptions options_;
    std::shared_ptr<EventStore> store_;
    const Claim claim_;
    std::shared_ptr<OwnPool> pool_;
    CallbackManager callbacks_;
};

}  // namespace detail

/// An in-process event bus that remembers.
///
/// Thread-safe, unless its traits have a NullMutex. Every function may be called inside handlers, filters and policies,
/// at any depth; no lock is held while these run. The destructor drains for `BusOptions::drain_on_destroy`, gives what
/// is left to `on_error`, and waits for running handlers; inside a handler it leaves the rest to that handler's return.
/// (A Subscription that was declared after the bus is gone by then, with what waited for it: detach it, or shut down
/// first.) Subscriptions, records and receipts may outlive the bus.
template <class Traits>
class BasicEventBus {
public:
    BasicEventBus() : BasicEventBus(BusOptions{}) {}
    /// Throws InvalidArgument naming the option that is wrong.
    explicit BasicEventBus(BusOptions options) : core_(std::move(options), nullptr, single_threaded) {}
    /// Over a store that the caller shares, instead of `options.history`. Its sequence goes on. A store belongs to one
    /// bus at a time; throws InvalidArgument else.
    explicit BasicEventBus(std::shared_ptr<EventStore> store, BusOptions options = {})
        : core_(std::move(options), require(std::move(store)), single_threaded) {}
    BasicEventBus(const BasicEventBus&) = delete;
    BasicEventBus& operator=(const BasicEventBus&) = delete;

    /// Sends the event through the middleware, if there is any (see `use`), records it and delivers it: copies or moves
    /// it into a shared envelope, asks filters and policies, gives it the next seq, its place in history and in
    /// mailboxes in one step, and calls direct handlers before it returns.
    ///
    /// Throws InvalidName, InvalidArgument, TypeConflict, std::bad_alloc and what the event's copy, key or size
    /// functions throw: it is then as if the call had not been made, but for an event given as an rvalue, which may
    /// have been moved from. Once the event has its seq nothing is thrown any
    /// more, but for HandlerFailed under ErrorPolicy::rethrow. Blocks only outside handlers, for room in a full `block`
    /// mailbox. One allocation for an event that is kept or handled, some more
    /// where history has not seen its name, key or source yet.
    template <class E>
        requires Event<std::remove_cvref_t<E>> Receipt emit(E&& event,
                                                            const EmitOptions& options = default_emit_options) {
            return callbacks().emit(std::forward<E>(event), options);
        }

    /// Refused with a readable error: what is no event.
    template <class E>
        requires(!Event<std::remove_cvref_t<E>>)
    Receipt emit(E&&, const EmitOptions& = default_emit_options) {
        detail::refuse_event<std::decay_t<E>>();
        return {};
    }

    /// Emits the events of a range together: they get their seqs, one after the other and without any other event in
    /// between, their places in history and in mailboxes in one step, with the lock taken once. Each is as
    /// if emitted alone, with these options, and all with the same time unless the options have one. Direct handlers
    /// are called after that, event by event, in their order.
    ///
    /// What a range gives away (`std::move(vector)`, values made on the way) is moved from, the rest copied.
    ///
    /// All or nothing: if it throws, no event is emitted. What middleware refuses is left out and told in the receipt;
    /// the others are emitted. Where room is waited for in a full `block` mailbox, it is for all events that are for
    /// it; more than its capacity wait until it is empty, and go beyond the capacity, up to its hard limit. Where
    /// `block_for` is over, or the emitter must not wait, what finds no room is dropped as it is with `emit`.
    ///
    /// An empty range emits nothing, with a receipt that says so. Throws what `emit` throws (BatchHandlerFailed under
    /// ErrorPolicy::rethrow), what the range throws, and InvalidArgument for more events than the hard limit of a
    /// mailbox that would have to be waited for. O(events), with memory for all of them.
    template <std::ranges::input_range R>
    BatchReceipt emit_many(R&& events, const EmitOptions& options = default_emit_options) {
        return callbacks().emit_many(std::forward<R>(events), options);
    }
    template <Event E>
    BatchReceipt emit_many(std::initializer_list<E> events, const EmitOptions& options = default_emit_options) {
        return callbacks().emit_many(events, options);
    }

    /// Emits the event once `delay` is over: 0 or more. Copies or moves it, asks for its key and size and looks at the
    /// options now; filters and policies are asked when it is emitted, which is when it gets its seq and, unless the
    /// options give one, its time. Scheduled inside a handler it has that handler's event as its cause, and its
    /// correlation, as if it were emitted there. It is emitted as long as the handle lives, or detached.
    ///
    /// Due events are emitted in the order of their times, by a thread of the bus's own that starts with the first one;
    /// with a ManualClock by who moves the clock; without pool and executor in `run_pending()`. There direct handlers
    /// run. As inside a handler, nobody waits for room in a full mailbox (`MailboxOptions::hard_limit`). What an emit
    /// would throw is counted, and told to `on_error`, with "(schedule)" for the handler. Delays and periods do not
    /// depend on whether the system's clock is set, unless the bus was given a clock.
    ///
    /// Throws InvalidArgument (negative delay), LimitReached (`max_scheduled`), Closed, std::system_error (no thread),
    /// and what `emit` throws but for HandlerFailed: nothing is scheduled then. Never blocks. O(log n) for n scheduled
    /// events.
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled
    emit_after(Duration delay, E&& event, const EmitOptions& options = default_emit_options) {
        return callbacks().emit_after(delay, std::forward<E>(event), options);
    }
    /// The same for a time on the bus's clock; one that is past already is due at once. Where the system's clock is
    /// set, that is noticed within a second.
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled
    emit_at(TimePoint time, E&& event, const EmitOptions& options = default_emit_options) {
        return callbacks().emit_at(time, std::forward<E>(event), options);
    }
    /// Emits a copy of the event each time a period is over, for the first time after one. The rate is fixed: an emit
    /// that comes late does not shift the next one. Periods that are over by then are skipped and counted, never made
    /// up for. Throws InvalidArgument for a period that is not above 0.
    template <class E>
    [[nodiscard("the event is cancelled at once unless the handle is kept or detached")]] Scheduled
    emit_every(Duration period, E&& event, const EmitOptions& options = default_emit_options) {
        return callbacks().emit_every(period, std::forward<E>(event), options);
    }

    /// Calls `handler` with each event of type E, or of one that names E as its base (see DefaultEventTraits), that is
    /// emitted from now on: as `(const E&, const Record&)`, `(const E&)` or `(const Record&)`. References live for the
    /// call; copy the Record to keep the event. The handler may be move-only. It may be called before this returns.
    /// With <hindsight/coroutine.hpp> it may be a coroutine that returns boost::asio::awaitable<void>; see
    /// docs/waiting.md.
    ///
    /// Throws InvalidArgument (options, null handler), TypeConflict (another type has the event's name), Closed,
    /// std::bad_alloc, std::system_error (no thread that could watch, for `slow_after`); nothing is subscribed then.
    template <EventOrBase E, class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    subscribe(F handler, SubscribeOptions options = {}) {
        return callbacks().template subscribe<E>(std::move(handler), std::move(options));
    }

    /// Calls `handler(const Record&)` with each event whose name matches; see Pattern. Also throws InvalidName.
    template <class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    subscribe(Pattern pattern, F handler, SubscribeOptions options = {}) {
        return callbacks().subscribe(std::move(pattern), std::move(handler), std::move(options));
    }

    /// Calls a member function of the receiver, for as long as others keep it alive; it is kept alive during each call.
    template <EventOrBase E, class T, class M>
        requires std::is_member_function_pointer_v<M>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    subscribe(const std::shared_ptr<T>& receiver, M member, SubscribeOptions options = {}) {
        return callbacks().template subscribe<E>(receiver, member, std::move(options));
    }

    /// Calls `handler` with the data of each event of this kind that has data of type D (see EnumeratedEvent): as
    /// `(const D&, const Record&)`, `(const D&)` or `(const Record&)`. Also throws InvalidName for a value that is no
    /// enumerator. `subscribe(kind, handler)` is for all events of the kind, as for its name.
    template <Event D, EnumeratedKind K, class F>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    subscribe(K kind, F handler, SubscribeOptions options = {}) {
        return callbacks().template subscribe<D>(kind, std::move(handler), std::move(options));
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

    /// Calls the observer's `on_event` overloads with the events of the types E; without E, with those that it lists as
    /// `Events` and, if it has an `on_event(const Record&)`, with all others, too; see ObserverOf. One overload is
    /// called an event: that of its type, else that of records.
    ///
    /// An observer has one subscription on a bus, with one mailbox and, if it is queued, one order, whatever it is
    /// attached to and however often: while it is attached, attaching it again adds types to it, and takes no new
    /// options. Each handle takes its types out again when it ends, but for those that others have, too;
    /// `disconnect()` returns false where others are left, and events that are in the mailbox by then are still
    /// delivered. With the last one the subscription ends as any other does. `pause()`, `stats()` and `id()` are those
    /// of the subscription. (An observer is known by its address and by the class that it is attached as.)
    ///
    /// The observer has to outlive its handles: make a Subscription its last member, or hand over a shared or weak
    /// pointer. It is then tracked: kept alive during each call, and once it is gone its events are skipped and
    /// the subscription ends. An observer that is owned by a shared pointer and derives from
    /// std::enable_shared_from_this is tracked in any case.
    ///
    /// Throws what `subscribe` throws, and InvalidArgument for a null or expired pointer, for options that are not the
    /// first ones, and where it is attached both by reference and tracked. O(observers), and events of the names that
    /// the types have look for their subscribers once more.
    template <EventOrBase... E, class O>
        requires(!detail::is_smart_pointer<std::remove_const_t<O>>)
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    attach(O& observer, const SubscribeOptions& options = {}) {
        return callbacks().template attach<E...>(observer, options);
    }
    template <EventOrBase... E, class O>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    attach(const std::shared_ptr<O>& observer, const SubscribeOptions& options = {}) {
        return callbacks().template attach<E...>(observer, options);
    }
    template <EventOrBase... E, class O>
    [[nodiscard("the subscription ends at once unless it is kept or detached")]] Subscription
    attach(const std::weak_ptr<O>& observer, const SubscribeOptions& options = {}) {
        return callbacks().template attach<E...>(observer, options);
    }

    /// The events of type E from now on (or from the past on: `replay`), to be read instead of handled; see Inbox.
    /// Takes the options of a queued subscription, but no `executor`; `on_lagged` is called by who reads. Throws what
    /// `subscribe` throws.
    template <EventOrBase E>
    Inbox<E> inbox(SubscribeOptions options = {}) {
        return callbacks().template inbox<E>(std::move(options));
    }
    /// The same for the events of a name or pattern; see Pattern.
    Inbox<Record> inbox(Pattern pattern, SubscribeOptions options = {}) {
        return callbacks().inbox(std::move(pattern), std::move(options));
    }

    /// From now on each event of type E goes through `middleware` on the emitting thread before anything else happens
    /// to it, after the middleware that was there before. It may change the event, veto it, and emit others; see
    /// DraftView. Called as `(E&, DraftView&)`, `(const E&, DraftView&)`, `(E&)`, `(const E&)` or `(DraftView&)`; one
    /// that takes `E&` gets a copy where the emitter keeps its event. It may be move-only. It may run on several
    /// threads at once, so it must be thread-safe, and once for each event, also where the event is refused afterwards.
    /// The events that it emits itself, inside its call, go past it.
    ///
    /// What it throws refuses the event: nobody sees it, and `emit` returns Outcome::middleware_failed, with the text
    /// of what was thrown. It is counted and reported as the failure of a handler is (see HandlerError), with a record
    /// of the event that has neither payload nor key nor metadata.
    ///
    /// Events without middleware pay nothing for it. Throws InvalidArgument (null middleware), TypeConflict (another
    /// type has the event's name), Closed, std::bad_alloc; nothing has changed then.
    template <EventOrBase E, class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware
    use(F middleware, MiddlewareOptions options = {}) {
        return callbacks().template use<E>(std::move(middleware), std::move(options));
    }
    /// The same for all events but the library's own, as `middleware(DraftView&)`.
    template <class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware
    use(F middleware, MiddlewareOptions options = {}) {
        return callbacks().use(std::move(middleware), std::move(options));
    }
    /// The same for events whose name matches; see Pattern. Also throws InvalidName.
    template <class F>
    [[nodiscard("the middleware is removed at once unless it is kept or detached")]] Middleware
    use(Pattern pattern, F middleware, MiddlewareOptions options = {}) {
        return callbacks().use(std::move(pattern), std::move(middleware), std::move(options));
    }

    /// Replies to each question, which is an event of type Question: emits what `replier` returns, as an event that has
    /// the question as its cause, its correlation, and the subscription's name as its source; whoever asked with
    /// `request` is given it. `replier` is called as a handler is, and returns an event; with <hindsight/coroutine.hpp>
    /// it may be a coroutine that returns boost::asio::awaitable of one. What it throws is isolated and reported as any
    /// handler's failure, and told to who asks. Questions that are just emitted get their reply as an event.
    ///
    /// The subscription is like any other. Takes the options of `subscribe` and throws what that throws. Needs
    /// <hindsight/request.hpp>.
    template <Event Question, class F>
    [[nodiscard("nobody replies any more unless the subscription is kept or detached")]] Subscription
    reply(F replier, SubscribeOptions options = {}) {
        return callbacks().template reply<Question>(std::move(replier), std::move(options));
    }
    /// Emits the question, and gives a PendingReply<Reply> for the first reply that comes within `timeout` from now.
    /// `request_all` gives a PendingReplies<Reply> for those of all who reply. The question is an event like others. It
    /// has the metadata "hindsight.request" and, if neither the options nor the handler around give one, a correlation.
    ///
    /// Throws InvalidArgument for a negative timeout, and what `emit` throws. Blocks as `emit` does. Needs
    /// <hindsight/request.hpp>.
    template <Event Reply, class E>
    auto request(E&& question, Duration timeout, const EmitOptions& options = default_emit_options) {
        return callbacks().template request<Reply>(std::forward<E>(question), timeout, options);
    }
    template <Event Reply, class E>
    auto request_all(E&& question, Duration timeout, const EmitOptions& options = default_emit_options) {
        return callbacks().template request_all<Reply>(std::forward<E>(question), timeout, options);
    }

    /// A bus within this one: see Scope. Without a name it has one that no scope has yet. Throws InvalidName for a name
    /// that is none, or is the library's; LimitReached (`max_names`), Closed, std::bad_alloc; nothing has changed then.
    Scope scope() { return callbacks().scope(); }
    Scope scope(std::string_view name) { return callbacks().scope(name); }

    EventStore& history() noexcept { return core_.history(); }
    const EventStore& history() const noexcept { return core_.history(); }
    CallbackManager& callbacks() noexcept { return core_.callbacks(); }
    const CallbackManager& callbacks() const noexcept { return core_.callbacks(); }

    /// See EventStore::latest, for both.
    template <EventOrBase E, class Key>
        requires detail::KeyLike<Key> std::optional<TypedRecord<E>> latest(const Key& key)
    const { return history().template latest<E>(key); }
    template <EventOrBase E>
    std::optional<TypedRecord<E>> latest() const {
        return history().template latest<E>();
    }

    /// The time on the bus's clock.
    TimePoint now() const noexcept { return callbacks().now(); }

    /// Without a pool (`PoolOptions::threads` is 0, or a NullMutex): runs waiting deliveries on this thread, and those
    /// that they bring about, `max` at most; how many calls of handlers it made. What no handler gets any more (its
    /// subscription ends meanwhile, or has made its `max_deliveries`) is discarded and does not count. Does nothing
    /// where an executor runs them. First of all it emits the scheduled events that are due, also with a ManualClock.
    std::size_t run_pending(std::size_t max = no_limit) { return callbacks().run_pending(max); }

    Statistics stats() const { return callbacks().stats(); }
    /// Counters of the bus and of its subscriptions start at zero; those of the history are `history().reset_stats()`.
    void reset_stats() noexcept { callbacks().reset_stats(); }
    std::size_t subscription_count() const { return callbacks().subscription_count(); }
    std::size_t subscription_count(std::string_view pattern) const { return callbacks().subscription_count(pattern); }

    /// Takes all events of these types out of history and mailboxes: to be done before a shared library that has
    /// emitted them is unloaded, also for types that others know too. How many payloads of them are still alive in the
    /// process, held by records; 0: safe to unload.
    template <Event... E>
    std::size_t retire() {
        return (std::size_t{0} + ... + core_.retire(detail::event_type<E>()));
    }

    /// Emits the scheduled events that are due, refuses events from outside handlers, waits until all queued events are
    /// handled (handlers may still emit) or `timeout` is over, then closes the bus for good and ends its subscriptions.
    /// Reports what was not delivered, and what was scheduled for later. History stays readable, and so does what is
    /// unread in inboxes: nobody waits for their readers, and the report does not count it. Coroutines are handlers
    /// that run until they are over. A second time it does nothing and gives the first report again. In a handler, that
    /// handler counts as finished. Throws InvalidArgument for a negative timeout, std::bad_alloc.
    ShutdownReport shutdown(Duration timeout) { return callbacks().shutdown(timeout); }

private:
    static constexpr bool single_threaded = std::is_same_v<typename Traits::Mutex, NullMutex>;
    static_assert(single_threaded || std::is_same_v<typename Traits::Mutex, std::mutex>,
                  "hindsight: Traits::Mutex must be std::mutex or hindsight::NullMutex");

    static std::shared_ptr<EventStore> require(std::shared_ptr<EventStore> store) {
        if (store == nullptr) throw InvalidArgument("EventBus: the store is null");
        return store;
    }

    detail::BusCore core_;
};

using SingleThreadedBus = BasicEventBus<SingleThreadedTraits>;

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/event_bus.ipp>
#endif

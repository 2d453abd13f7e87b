// The options of buses, subscriptions and emits: plain structs with defaults, for designated initialisers.
#pragma once

#include <hindsight/clock.hpp>
#include <hindsight/executor.hpp>
#include <hindsight/fwd.hpp>
#include <hindsight/record.hpp>
#include <hindsight/replay.hpp>
#include <hindsight/retention.hpp>
#include <hindsight/types.hpp>
#include <hindsight/watching.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hindsight {

/// Where a handler runs. `queued`: through the subscription's own bounded mailbox, one event at a time and in seq
/// order (but see SubscribeOptions::concurrency), on an executor. `direct`: on the emitting thread before `emit`
/// returns, possibly on several threads at once.
/// (Where a queued handler emits, the emitting thread is one of the pool's.)
enum class Delivery : std::uint8_t { queued, direct };

/// What a full mailbox does with one more event; see docs/delivery.md.
enum class Overflow : std::uint8_t { block, drop_oldest, drop_newest, conflate };

/// What `emit` does when direct handlers throw: nothing, or throw HandlerFailed once all of them have run.
enum class ErrorPolicy : std::uint8_t { isolate, rethrow };

struct PoolOptions {
    /// 0: no thread; queued handlers run in `run_pending()`. The threads start with the first queued subscription.
    unsigned threads = per_core;
};

struct MailboxOptions {
    /// Events waiting for the handler, the one that it is running not counted; for `conflate`: pending keys.
    std::size_t capacity = 1024;
    Overflow overflow = Overflow::block;
    /// How far a `block` mailbox grows for emitters that must not wait (those inside a handler, and those on the
    /// mailbox's executor, which without a pool is every thread); beyond it the newest is dropped. One below `capacity`
    /// counts as `capacity`.
    std::size_t hard_limit = 64 * 1024;
    /// How long an emitter waits for room before the event is dropped for this subscription.
    Duration block_for = Duration::max();
};

struct SubscribeOptions {
    /// Shown in errors and statistics.
    std::string name = {};
    Delivery delivery = Delivery::queued;
    /// Direct handlers with a higher one run first; equal ones in the order of subscribing.
    int priority = 0;
    Predicate filter = {};
    /// For queued delivery only, as is `executor`; and for what comes in while a direct subscription replays.
    MailboxOptions mailbox = {};
    /// First of all the handler gets these events of the past, then all that come: each event that history keeps once,
    /// in seq order, none missing, however many threads emit meanwhile. An event that history does not keep
    /// is never past; where its `emit` and `subscribe` overlap, it may be for the subscription or not.
    ///
    /// The filter runs in `subscribe`, which therefore takes as long as that; `max_deliveries` counts replays. Events
    /// of the past do not count against the capacity of the mailbox. Those whose payload history did not keep are holes
    /// for subscriptions to a type. What `from_seq` or `since` asks for and history has let go of is told to
    /// `on_lagged` before the first event.
    ///
    /// Queued: the past is delivered like all that follows, on the executor, possibly before `subscribe` returns.
    /// Direct: `subscribe` itself calls the handler with the past, and with what comes in meanwhile: such an event
    /// waits in a mailbox (`Receipt::queued`), and its `emit` may return before the handler has run. That mailbox
    /// blocks, whatever `mailbox.overflow` says; emitters outside handlers may have to wait until `subscribe` has
    /// caught up. Once it returns, the subscription is as any direct one.
    std::optional<Replay> replay = {};
    /// Instead of the bus's.
    std::shared_ptr<Executor> executor = {};
    /// The subscription ends after this many calls of its handler; 0: no limit.
    std::uint64_t max_deliveries = 0;
    /// Told about holes, on the executor, between the events around the hole; see this_handler::reread. For direct
    /// delivery: in `subscribe`, about holes in what is replayed.
    std::function<void(const Lagged&)> on_lagged = {};
    /// When it fails so often that it is given no more events: emits SubscriptionQuarantined. What waits for it then is
    /// discarded, what comes meanwhile is skipped; both are counted.
    std::optional<QuarantineOptions> quarantine = {};
    /// How long the handler may run before SlowHandler is emitted, instead of WatchOptions::slow_after;
    /// Duration::max(): as long as it will.
    std::optional<Duration> slow_after = {};
    /// Only the last one of events that come close together: each is held back until none has come for so long, and
    /// is replaced by one that comes before. For queued delivery; the subscription has one such wait, whatever the
    /// events' names and keys. 0: off.
    ///
    /// What is replaced is counted as `conflated`. Time is the bus's clock, or a steady one if it has none of its own.
    /// The past that `replay` gives is not held back. A shutdown delivers at once what is held back.
    Duration debounce = {};
    /// At most one event in so long a time: the first comes in at once, those that follow are held back until the time
    /// is over, and replaced by newer ones; then the newest comes in, and the time begins anew. For queued delivery,
    /// and otherwise like `debounce`, with which it does not go together. 0: off.
    Duration throttle = {};
    /// How many events the handler may be given at the same time, each on another thread of the executor; 4096 at most.
    /// Over 1 they are taken out of the mailbox in seq order, but their calls may begin and end in any order, so the
    /// handler and `on_lagged` have to be thread-safe. For queued delivery only, and not for coroutines and inboxes.
    unsigned concurrency = 1;
};

/// Views: build it in the call of `emit`, do not keep it.
struct EmitOptions {
    std::string_view source = {};
    /// Instead of the one that the event's traits give.
    std::string_view key = {};
    std::optional<Severity> severity = {};
    std::string_view correlation = {};
    Seq cause = 0;
    /// 65535 entries at most, 1 GiB of text; a name may occur twice.
    std::initializer_list<std::pair<std::string_view, std::string_view>> metadata = {};
    std::optional<TimePoint> time = {};
};
inline constexpr EmitOptions default_emit_options{};
static_assert(std::is_trivially_destructible_v<EmitOptions>, "a coroutine may hold these options beside co_await");

/// What a CallbackManager needs; a bus takes these from its own options.
struct CallbackOptions {
    /// None: queued handlers run in `run_pending()`.
    std::shared_ptr<Executor> executor = {};
    std::shared_ptr<Clock> clock = {};
    ErrorPolicy errors = ErrorPolicy::isolate;
    /// Told about every throwing handler, and every scheduled event that could not be emitted; without it the 1st, 2nd,
    /// 4th, 8th ... of each subscription go to stderr.
    std::function<void(const HandlerError&)> on_error = {};
    /// Names known only at run time (of NamedEvents, in `subscribe`) that have state of their own, such as statistics;
    /// events of further names are delivered all the same, and share "(other)". Each scope counts, too, with all names
    /// of events in it. 0: none has. Names of C++ types always
    /// have it, and count.
    std::size_t max_names = 64 * 1024;
    /// How deeply handlers may emit inside handlers.
    unsigned max_depth = 256;
    /// Where runs of handlers are written down; none: they are not. Looked at when a handler is subscribed, so those
    /// who do not want it pay nothing for it.
    std::shared_ptr<DeliveryLog> deliveries = {};
    /// Events that may be scheduled (`emit_after`, `emit_at`, `emit_every`) at a time.
    std::size_t max_scheduled = 64 * 1024;
    /// What is watched beyond counting. What is not costs nothing.
    WatchOptions watch = {};
};

struct BusOptions {
    HistoryOptions history = {};
    PoolOptions pool = {};
    /// Runs queued handlers instead of a pool: `pool` does not count then.
    std::shared_ptr<Executor> executor = {};
    std::shared_ptr<Clock> clock = {};
    ErrorPolicy errors = ErrorPolicy::isolate;
    std::function<void(const HandlerError&)> on_error = {};
    /// How long the destructor waits for queued events to be handled; what is left then goes to `on_error`.
    Duration drain_on_destroy = std::chrono::seconds(5);
    /// See CallbackOptions.
    std::size_t max_names = 64 * 1024;
    unsigned max_depth = 256;
    std::shared_ptr<DeliveryLog> deliveries = {};
    std::size_t max_scheduled = 64 * 1024;
    WatchOptions watch = {};
};

}  // namespace hindsight

// Hub: the engine under CallbackManager and EventBus: it emits, delivers, reports failures and shuts down.
//
// Locks, in the order in which they may be taken: the registry's (names, topics, connections), the ledger's (sequence,
// history, mailboxes), then those of ThreadSlots and parking lots. User code runs under none of them.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/concurrent_runs.hpp>
#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/event_owners.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/quarantine.hpp>
#include <hindsight/detail/readers.hpp>
#include <hindsight/detail/registry.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/timetable.hpp>
#include <hindsight/detail/topic.hpp>
#include <hindsight/detail/wall_clock.hpp>
#include <hindsight/detail/watchdog.hpp>
#include <hindsight/detail/watched.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/scheduled.hpp>
#include <hindsight/statistics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight {
struct BatchReceipt;
}

namespace hindsight::detail {

class Batch;
class Emission;
struct DraftSource;
struct LongFrame;
struct ObserverDraft;
class PendingTasks;
class Queueing;
class RoomWait;
class Running;

class HINDSIGHT_API Hub final : public NodeOwner,
                                public EventOwner,
                                public TimetableOwner,
                                public WatchdogOwner,
                                public std::enable_shared_from_this<Hub> {
public:
    using MakeExecutor = std::function<std::shared_ptr<Executor>()>;

    /// `make_executor` is called for the first queued subscription that has no executor, unless the options have one;
    /// where it is empty too, queued handlers run in run_pending(). Throws InvalidArgument, std::bad_alloc.
    /// `single_threaded`: no subscription may have an executor.
    static std::shared_ptr<Hub> make(const CallbackOptions& options, std::shared_ptr<Ledger> ledger,
                                     MakeExecutor make_executor, bool single_threaded);
    ~Hub();

    /// For the outside: the function `emit` below.
    void emit(const Draft& draft, Receipt& receipt);
    /// The same for an event of a scope, which the draft says, and which the caller holds on to.
    void emit_in(const ScopeHandle& scope, const Draft& draft, Receipt& receipt);
    /// The same for an event whose envelope has been made: with all that it says, but the seq. The draft describes it.
    /// `emitted`: set to the event as it was emitted, if it was; also where HandlerFailed is thrown.
    void emit_made(const Draft& draft, EnvelopePtr made, Receipt& receipt, Record* emitted = nullptr);
    /// For the outside: the function `emit_many` of draft_source.hpp.
    /// `scope`: that the drafts are for. User code may end the handle, not the scope's entry.
    void emit_many(const DraftSource& source, BatchReceipt& receipt, const ScopeHandle* scope = nullptr);

    /// For the outside: the function `schedule` of schedule.hpp.
    Scheduled schedule(const Draft& draft, const When& when);
    bool emit_scheduled(Appointment& appointment) noexcept override;
    void come_due(const NodePtr& node, Reminders::node_type&& reminder, TimePoint now) noexcept override;
    void tell_of_slow(Node& node, const Record& record, Duration running, unsigned told) noexcept override;

    /// Fills the node from the options and connects it.
    void subscribe(Node& node, Pattern pattern, const EventType* type, SubscribeOptions&& options);
    /// Makes a handle of a scope: see Registry::open_scope. Throws Closed, too, where the bus is shut down.
    std::shared_ptr<ScopeHandle> open_scope(std::optional<std::string_view> name, const ScopeHandle* made_in);
    /// The handle ends; with the last one of a scope all that is in it. Waits for running handlers, as disconnecting
    /// does.
    void end_scope(ScopeHandle& handle) noexcept;
    /// Attaches an observer, for the first time or once more; what its handle holds.
    NodePtr attach(ObserverDraft&& observer, const SubscribeOptions& options);
    /// The same for middleware.
    void use(Node& node, Pattern pattern, const EventType* type, std::string name);
    void unregister(Node& node) noexcept override;
    bool deliver(Node& node, std::size_t max, std::size_t& count) noexcept override;
    void deliver_later(Node& node) noexcept override;
    void abandon(Node& node) noexcept override;
    Record read(Node& node) override;
    bool has_unread(Node& node) noexcept override;
    Unread unread(const Node& node) const noexcept override;
    void report(Node& node, const Record& record, std::exception_ptr error) noexcept override;
    bool goes_on_with_runs() const noexcept override { return !stopped_.load(std::memory_order_acquire); }
    void finish_run(LongRun& run, std::exception_ptr error) noexcept override;
    void discard(Node& node, Mailbox::Queue& queue, std::unique_ptr<Backlog> backlog) noexcept override;
    std::size_t run_pending(std::size_t max);

    ShutdownReport shutdown(Duration timeout);
    /// Shuts down, and gives what was not delivered to the error handler.
    void end(Duration timeout) noexcept;
    /// Shuts down without draining any further and ends every subscription; waits for their running handlers. False:
    /// other threads run some that wait for one that this thread is in. They have this hub until they have left it.
    bool stop() noexcept;

    void require_wait_can_end(const Envelope& envelope) const override;

    std::size_t subscription_count(std::string_view pattern) const;
    Statistics stats() const;
    SubscriptionStatistics stats(const Node& node) const override;
    Reread reread(Node& node, const Lagged& hole) const override;
    void has_ended(Node& node) noexcept override;
    void reset_stats() noexcept;

    /// See Registry::set_conversion.
    void set_conversion(const Conversion& conversion) { registry_.set_conversion(conversion); }

    /// Takes all records that hold the type out of history and mailboxes; how many records of it are still held.
    std::size_t retire(const EventType& type);

    TimePoint now() const noexcept { return options_.clock ? options_.clock->now() : WallClock::now(); }
    Ledger& ledger() noexcept { return *ledger_; }
    const std::shared_ptr<Ledger>& shared_ledger() const noexcept { return ledger_; }
    /// Where times are watched.
    WatchedNames& watched_names() noexcept { return *watched_names_; }
    /// For handlers that have a threshold.
    Watchdog& watchdog() noexcept { return *watchdog_.load(std::memory_order_acquire); }
    /// For good: no handler is called any more.
    bool is_closed() const noexcept { return state_.load(std::memory_order_acquire) == State::closed; }
    void count_late_reply() noexcept { late_replies_.add(ThreadSlot::current()); }
    const Ledger& ledger() const noexcept { return *ledger_; }
    const CallbackOptions& options() const noexcept { return options_; }

private:
    friend class Batch;
    friend class Emission;
    friend class Interception;
    friend class Joining;
    friend class Queueing;
    friend class RoomWait;
    enum class State : std::uint8_t { open, draining, closed };
    /// What calls of handlers come to.
    struct Calls {
        std::uint32_t count = 0;
        std::vector<std::exception_ptr>* failures = nullptr;  // with room for one more, if they are wanted
    };

    Hub(const CallbackOptions& options, std::shared_ptr<Ledger> ledger, MakeExecutor make_executor,
        bool single_threaded);

    /// Whether an event may come in now, from a thread whose innermost frame is `top`.
    bool accepts(const Frame* top, const Draft& draft) const noexcept {
        return state_.load(std::memory_order_acquire) == State::open || accepts_late(top, draft);
    }
    bool accepts_late(const Frame* top, const Draft& draft) const noexcept;
    /// The same for what users emit.
    bool accepts_from(const Frame* top) const noexcept {
        return state_.load(std::memory_order_acquire) == State::open || accepts_from_handler(top);
    }
    bool accepts_from_handler(const Frame* top) const noexcept;
    std::shared_ptr<Executor> default_executor();

    /// Once more; false: it is not attached.
    bool attach_again(const ObserverDraft& observer, Attachment& attachment, const SubscribeOptions& options);
    /// For the first time; false: it is attached.
    bool attach_first(const ObserverDraft& observer, Attachment& attachment, const SubscribeOptions& options);
    void end_attachment(Node& handle) noexcept;

    /// Connects a node that is filled, with this moment (see Registry::connect).
    template <class F>
    void connect(Node& node, F at_that_moment);
    /// The same for one that gets the past first.
    void join(Node& node, const Replay& replay);
    /// Delivers the past and what comes in, until emitters can call the handler themselves.
    void catch_up(Frame& frame, Node& node) noexcept;
    /// From here on they do, if nothing waits for the node; false: there is something.
    bool begin_calling(Node& node) noexcept;
    /// `max` deliveries at most; how many handlers were called. `running` has moved to the node.
    std::size_t deliver_backlog(Running& running, Frame& frame, Node& node, std::size_t max) noexcept;

    /// Sends a mailbox that has something, and no task under way, to its executor.
    void give_to_executor(Frame& frame, Node& node, const Record& record) noexcept;
    void tell_readers(Node& node) noexcept;
    /// What a mailbox had next.
    struct Next {
        Pending pending;
        Lagged let_go;  // before it; none: `last` is 0
        bool found = false;
        bool awaited = false;  // by receipts
        bool last = false;     // that its limit on deliveries allows
    };
    Next take_next(Node& node) noexcept;
    /// The oldest event; counts it as in hand. Returns a backlog that has come to its end, to be freed without the
    /// lock.
    static std::unique_ptr<Backlog> take_one_locked(Mailbox& mailbox, Next& next) noexcept;
    bool take_turn(Node& node, std::size_t max, std::size_t& count);
    /// The same for coroutines, up to one that is suspended: its run has the turn then.
    bool take_long_turn(Node& node, std::size_t max, std::size_t& count);
    enum class Began : std::uint8_t { nothing, over, goes_on };
    Began begin_run(Running& running, LongFrame& frame, Node& node, const Next& next) noexcept;
    /// The same for handlers that may run beside themselves (see concurrent_runs.hpp).
    enum class Arrival : std::uint8_t { wake, unasked };
    bool take_concurrent_turn(Node& node, std::size_t max, std::size_t& count, Arrival arrival);
    struct ConcurrentStep {
        ConcurrentRuns::Run* run = nullptr;  // of `next`; null: there is none
        Next next;
        bool wakes = false;  // the caller has to send the wake on, or to come again
    };
    /// From one event to the next: gives back the run that is over, if any, and takes an event, if the turn `takes` any
    /// more. `wake`: the turn has arrived with it just now.
    ConcurrentStep step_concurrently(Node& node, ConcurrentRuns::Run* over, bool wake, bool takes) noexcept;
    void use_up_wake(Mailbox& mailbox) noexcept;
    /// Runs one delivery, if there is a run left for it, whether the executor comes or not.
    void help_concurrently(Node& node, std::size_t& count) noexcept;
    /// Whether a turn whose mailbox is empty may wait for more to come.
    bool may_stay_locked(const Node& node) const noexcept HINDSIGHT_REQUIRES(ledger_->mutex);
    /// Where a mailbox has its records from. No receipt waits for those of the backlog.
    enum class Origin : std::uint8_t { backlog, present };
    /// How many handlers were called.
    std::size_t deliver_batch(Running& running, Frame& frame, Node& node, std::span<const Pending> batch,
                              Origin origin) noexcept;
    /// Runs one delivery, or tells about a hole; whether the handler was called. `running` has moved to the node. Takes
    /// over the mailbox's reference. `progress`: of the turn.
    bool deliver_one(Running& running, Frame& frame, Node& node, const Pending& pending, Origin origin,
                     TurnProgress& progress) noexcept;
    void tell_of_hole(Frame& frame, Node& node, const Lagged& hole) noexcept;
    /// Whether subscribers and retention are still those that a short way looked at before it took the lock.
    bool is_as_prepared_locked(const Topic& topic, const Snapshot& subscribers) const noexcept {
        return state_.load(std::memory_order_relaxed) == State::open && topic.has_still(subscribers) &&
               topic.knows_retention(ledger_->history_version.load(std::memory_order_relaxed));
    }
    /// The same where events of the topic are kept.
    bool is_kept_as_prepared_locked(const Topic& topic, const Snapshot& subscribers) const noexcept {
        return state_.load(std::memory_order_relaxed) == State::open && topic.has_still(subscribers) &&
               topic.keeping_at(ledger_->history_version.load(std::memory_order_relaxed)) == Topic::Keeping::kept;
    }

    // The ways of an event. They fill an empty receipt.

    /// `scope`: that the draft says, if somebody has it.
    void emit_made_in_scope(const Draft& draft, EnvelopePtr made, Receipt& receipt, Record* emitted);
    void emit_made_in(ScopeEntry* scope, const Draft& draft, EnvelopePtr made, Receipt& receipt, Record* emitted);
    /// `topic`: null where it is not known.
    void emit_to_topic(Topic* topic, const Draft& draft, Receipt& receipt);
    void find_and_emit(const Draft& draft, Receipt& receipt);
    void emit_thoroughly(const Draft& draft, Receipt& receipt);
    /// To subscribers that have changed: collects them first.
    void collect_and_emit(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic);
    /// From outside all frames.
    template <bool quick>
    void emit_outside(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic);
    /// To subscribers that are pinned for the outermost frame, which there is none of yet.
    template <bool quick>
    void emit_to(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic, const Snapshot& subscribers);
    /// The same after a snapshot was pinned for the outermost frame, which there is none of yet.
    void unpin_and_emit_thoroughly(const Draft& draft, Receipt& receipt, ThreadSlot& slot);
    /// An event whose envelope a short way has made already.
    void emit_made_thoroughly(Frame& frame, Topic& topic, const Draft& draft, EnvelopePtr made, Receipt& receipt);
    /// The rest of both, in the outermost frame: the envelope has all but its seq.
    void record_made_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                              const Snapshot& subscribers, EnvelopePtr made);
    /// An event that does not go the shortest ways.
    void emit_otherwise(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                        const Snapshot& subscribers);
    /// An event for unfiltered subscribers some of which are queued.
    void hand_over_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                            const Snapshot& subscribers);
    /// Calls the direct ones among the subscribers; how many.
    std::uint32_t call_direct_ones(Frame& frame, const Snapshot& subscribers, const Record& record) noexcept;
    /// An event that history does not keep, for the one direct handler that there is, which takes it without its
    /// record.
    void call_only_one(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                       const Snapshot& subscribers);
    /// The same for any number of such handlers.
    template <bool quick>
    void call_without_record(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                             const Snapshot& subscribers);
    /// A simple event that history may keep, for direct handlers that take it without its record. Few steps where its
    /// record takes the place of one that was alike.
    void record_alike_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                               const Snapshot& subscribers);
    /// An event that history may keep, for direct handlers without filters.
    void record_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                         const Snapshot& subscribers);

    // They call direct handlers with the event where it lies, which is the `bare` of the thread's outermost frame.
    // `quick`: the thread is one of ThreadSlot::quick_or_null.

    /// The only one, on a quick thread; the receipt says so.
    static void call_one_bare(ThreadSlot& slot, Node& node, const void* given, Receipt& receipt) noexcept;
    /// All of them; how many.
    template <bool quick>
    static std::uint32_t call_each_bare(ThreadSlot& slot, const Snapshot& subscribers) noexcept;
    static std::uint32_t call_each_bare_quickly(ThreadSlot& slot, const Snapshot& subscribers) noexcept;
    static std::uint32_t call_each_bare_slowly(ThreadSlot& slot, const Snapshot& subscribers) noexcept;
    /// Leaves one and calls the next, one of which has flags; whether that was called. `left`: null for the first.
    static bool move_on_bare(ThreadSlot& slot, Node* left, Node& node) noexcept;
    /// One that has `flags`; 1 if it was called.
    static std::uint32_t call_bare_limited(ThreadSlot& slot, Node& node, std::uint32_t flags) noexcept;
    static void report_bare(ThreadSlot& slot, Node& node) noexcept;
    /// Calls a handler with all that belongs to it: receiver, limit on deliveries, watching, counting, isolation.
    /// `invoke()` calls it; `record()` is for the report of a failure, and may throw.
    template <class Invoke, class GetRecord>
    void call_limited(Frame& frame, Node& node, Calls& calls, Invoke invoke, GetRecord record) noexcept;
    /// The same where there is neither receiver nor limit.
    template <class Invoke, class GetRecord>
    void call_observed(Frame& frame, Node& node, Calls& calls, Invoke invoke, GetRecord record) noexcept;
    /// The same where nobody watches either.
    template <class Invoke, class GetRecord>
    void call_unlimited(Frame& frame, Node& node, Calls& calls, Invoke invoke, GetRecord record) noexcept;
    template <class GetRecord>
    void report_current(Node& node, Calls& calls, GetRecord record) noexcept;
    /// Calls the handler of a node that is not dead with a record.
    void call(Frame& frame, Node& node, const Record& record, Calls& calls) noexcept;
    /// Calls a direct subscriber, unless it is disconnected or paused.
    void call_direct(Running& running, Frame& frame, Node& node, const Record& record, Calls& calls) noexcept;
    /// Emits one of the library's events, about another or none: where that fails, it is left at what was counted.
    template <class E>
    void tell(E&& event, std::string_view key, const Record& about) noexcept;
    /// Remembers what it said, and puts the subscription into quarantine if it was one too many; whether it was.
    bool note_failure(Node& node, const Record& record, const std::exception_ptr& error) noexcept;
    void tell_of_quarantine(const Node& node, const Record& record);
    void tell_of_unhandled(const Record& record) noexcept;
    /// Makes of a node that is not published yet one whose runs are watched, or whose failures are counted, if that is
    /// to be. Throws InvalidArgument, std::bad_alloc, std::system_error.
    void watch(Node& node, const SubscribeOptions& options);
    /// Whether a node that is skipped, for it is paused or in quarantine, is given this event after all.
    bool goes_on(Node& node) const noexcept;
    void end_due_quarantines(const Snapshot& subscribers) const noexcept;
    void tell_error_handler(Node& node, const HandlerError& failure) noexcept;
    /// `of`: what failed belongs to it; `told`: how often that has been told.
    void tell_error_handler(const HandlerError& failure, std::string_view of,
                            std::atomic<std::uint64_t>& told) noexcept;
    bool try_to_emit(const Frame& frame, Appointment& appointment) noexcept;
    void tell_of_schedule(const EnvelopePtr& event, std::exception_ptr error) noexcept;
    Timetable& timetable();

    /// Of a node that is not published yet: makes what holds its events back. Throws InvalidArgument, std::bad_alloc,
    /// std::system_error.
    void hold_back(Node& node, const SubscribeOptions& options);
    /// Has the timetable look after what the node holds back, unless it does so.
    void remind(Node& node) noexcept;
    /// Puts it into the mailbox if it is due. `reminder`: one that has come back, or empty.
    void let_in(Node& node, TimePoint now, Reminders::node_type&& reminder = {}) noexcept;

    /// What errors call a subscription.
    static std::string label_of(const Node& node);
    void count_discarded(Node& node, const Record& record) noexcept;
    /// The node ends without anyone waiting for it.
    void close(Node& node) noexcept;
    void finish_discarded(Node& node, Mailbox::Queue& queue) noexcept;
    void finish_discarded(Node& node, std::unique_ptr<Backlog> backlog) noexcept;
    /// `held_back`: or null.
    void finish_discarded(Node& node, Envelope* held_back) noexcept;

    bool drain(const Frame* top, Deadline deadline);
    bool run_what_waits_for_this_thread(const Frame* top);
    bool is_drained(const Frame* top) const;
    void wake_waiting_emitters() noexcept;
    void note_progress_of_drain() noexcept;
    class ShutdownTurn;
    /// Closes the bus: from here on no handler is called. Runs no user code, for it is the time of the shutdown mutex.
    /// Whether it could remember all subscriptions, for `stop` to wait for them.
    bool shut(ShutdownReport& report) noexcept HINDSIGHT_REQUIRES(shutdown_mutex_);
    /// Emits what is due now, and from then on nothing that is scheduled.
    void finish_schedules(bool may_wait, Deadline deadline) noexcept;
    /// Takes what is still scheduled, which is to be destroyed without a lock.
    Timetable::Lines close_schedules(ShutdownReport& report) noexcept;
    void end_rest(const Timetable::Lines& rest) noexcept;
    void tell_of_rest(const Timetable::Line& line) noexcept;
    /// Ends all subscriptions.
    void close_all(bool wait) noexcept;
    /// For later calls of `shutdown`.
    void remember(const ShutdownReport& report) noexcept HINDSIGHT_REQUIRES(shutdown_mutex_);
    /// Marks the node as dead, and tells how many of its deliveries will not happen for it.
    std::size_t end_deliveries(Node& node) noexcept;

    const CallbackOptions options_;
    const std::shared_ptr<Ledger> ledger_;
    const MakeExecutor make_executor_;
    const bool single_threaded_;
    const std::shared_ptr<PendingTasks> pending_tasks_;  // the executor where there is no other
    std::once_flag executor_made_;
    std::shared_ptr<Executor> executor_;

    std::atomic<State> state_{State::open};
    std::atomic<bool> stopped_{false};             // its bus is gone
    std::atomic<std::uint32_t> drain_epoch_{0};    // moves while draining, when a turn ends or an event comes in
    std::atomic<bool> tells_of_discarded_{false};  // to the error handler: the bus is being destroyed
    std::mutex shutdown_mutex_;  // one shutdown after the other; held while draining, taken first of all
    std::atomic<const ThreadSlot*> shutting_down_{nullptr};             // who holds shutdown_mutex_
    std::vector<NodePtr> ended_ HINDSIGHT_GUARDED_BY(shutdown_mutex_);  // by shutdown, without waiting for them
    ShutdownReport report_ HINDSIGHT_GUARDED_BY(shutdown_mutex_);       // of the shutdown that closed the bus
    Registry registry_;

    std::once_flag timetable_made_;
    std::shared_ptr<Timetable> own_timetable_;
    std::atomic<Timetable*> timetable_{nullptr};  // null: nothing has ever been scheduled
    std::atomic<std::uint64_t> schedule_failures_{0};

    Counter emitted_by_others_;  // of names beyond max_names
    Counter refused_closed_;
    Counter refused_too_deep_;
    Counter refused_vetoed_;
    Counter refused_failed_;
    Counter delivered_;  // by subscriptions that have ended
    Counter failed_;
    Counter dropped_;
    Counter conflated_;
    Counter discarded_;
    RareCounter unhandled_;
    RareCounter quarantines_;
    RareCounter slow_;
    RareCounter late_replies_;

    const bool watches_;  // all subscriptions, in whatever way
    std::once_flag watchdog_made_;
    std::shared_ptr<Watchdog> own_watchdog_;
    std::atomic<Watchdog*> watchdog_{nullptr};           // null: no subscription has ever had a threshold
    const std::unique_ptr<WatchedNames> watched_names_;  // null: times are not watched
    std::atomic<bool> releases_{false};  // there are, or were, subscriptions whose quarantine ends by itself
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/hub.ipp>
#    include <hindsight/impl/detail/hub_attach.ipp>
#    include <hindsight/impl/detail/hub_concurrency.ipp>
#    include <hindsight/impl/detail/hub_deliver.ipp>
#    include <hindsight/impl/detail/hub_emit.ipp>
#    include <hindsight/impl/detail/hub_emit_many.ipp>
#    include <hindsight/impl/detail/hub_hand_over.ipp>
#    include <hindsight/impl/detail/hub_hold_back.ipp>
#    include <hindsight/impl/detail/hub_join.ipp>
#    include <hindsight/impl/detail/hub_long_run.ipp>
#    include <hindsight/impl/detail/hub_read.ipp>
#    include <hindsight/impl/detail/hub_report.ipp>
#    include <hindsight/impl/detail/hub_schedule.ipp>
#    include <hindsight/impl/detail/hub_scopes.ipp>
#    include <hindsight/impl/detail/hub_shutdown.ipp>
#    include <hindsight/impl/detail/hub_statistics.ipp>
#    include <hindsight/impl/detail/hub_watch.ipp>
#endif

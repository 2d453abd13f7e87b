// Timetable: the events that a bus is to emit later, and whoever looks after them.
//
// A bus makes one when something is scheduled for the first time. Its `Drive` says on which thread due events are
// emitted: one of the timetable's own, which starts with it; the thread that moves a clock by hand; or the one that
// calls run_pending(). In each case it is one thread at a time, the *runner*, so events come in the order of their
// times; who comes meanwhile leaves it to the runner.
//
// The mutex guards the lines, the counters, and of appointments all that is no atomic, with these exceptions:
//   - `event` and `in_hand` are the runner's while the stage is `in_hand`, which is set and left under the mutex. At
//     stage `over` they are whoever's that led it there, and he destroys them after unlocking: payloads are user code.
//   - `stage` is written under the mutex and may be read without it.
//
// Beside them it keeps the reminders of subscriptions that hold an event back (hold_back.hpp), which are due first.
//
// No other lock is taken under this mutex. User code (the clock, payloads, all that emitting does) runs outside it.
//
// Who is alive: a line and a handle each share an appointment; an appointment knows its timetable, and that its owner,
// the hub, weakly. The hub owns the timetable, the timetable's thread shares it, and whoever emits holds on to the hub
// for so long. The thread ends in `end()`, which joins it, unless that might wait for itself.
#pragma once

#include <hindsight/clock.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/reminder.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/when.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/types.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace hindsight::detail {

class NodePtr;
class Timetable;

/// One event that is to be emitted, once or again and again.
struct Appointment {
    enum class Stage : std::uint8_t { waiting, in_hand, over };
    /// Where it waits: for a delay on the steady clock, for a moment on the bus's clock, or for its turn, being due.
    enum class Line : std::uint8_t { delays, moments, due };

    Appointment(EnvelopePtr event_, Duration period_, bool keeps_time_)
        : type(*event_->type), scope(event_->scope()), event(std::move(event_)), period(period_),
          keeps_time(keeps_time_) {}

    const EventType& type;    // not to be looked at once it is over
    const std::string scope;  // that it is to be emitted in; empty: the bus itself

    EnvelopePtr event;      // with all that it says, but the seq; of a repeated one: what is copied
    EnvelopePtr in_hand;    // what is being emitted
    const Duration period;  // 0: it is emitted once
    const bool keeps_time;  // it was given one; else it has the time at which it is emitted

    std::atomic<Stage> stage{Stage::waiting};
    Line line{};
    Line home{};  // where it waits before it is due
    TimePoint due{};
    TimePoint rank{};         // by which its line is sorted
    std::uint64_t order = 0;  // among those of the same rank
    bool cancelled = false;   // while it was in hand
    std::thread::id runner{};

    std::atomic<std::uint64_t> emitted{0};
    std::atomic<std::uint64_t> skipped{0};
    std::atomic<std::uint64_t> failed{0};
    std::weak_ptr<Timetable> timetable;
};

struct TimetableOwner {
    /// Emits the appointment's event, a copy of it if it is a repeated one; false: that failed, and has been told.
    virtual bool emit_scheduled(Appointment& appointment) noexcept = 0;
    /// The node may be given what it holds back. Takes the reminder over.
    virtual void come_due(const NodePtr& node, Reminders::node_type&& reminder, TimePoint now) noexcept = 0;

protected:
    ~TimetableOwner() = default;
};

class HINDSIGHT_API Timetable final : public ClockListener, public std::enable_shared_from_this<Timetable> {
public:
    struct Earlier {
        bool operator()(const std::shared_ptr<Appointment>& a, const std::shared_ptr<Appointment>& b) const noexcept {
            return a->rank != b->rank ? a->rank < b->rank : a->order < b->order;
        }
    };
    using Line = std::set<std::shared_ptr<Appointment>, Earlier>;
    using Lines = std::array<Line, 3>;  // by Appointment::Line

    /// `has_threads`: else due events wait for `emit_by_hand`. `limit`: how many may be scheduled at a time.
    static std::shared_ptr<Timetable> make(std::weak_ptr<TimetableOwner> owner, std::shared_ptr<Clock> clock,
                                           bool has_threads, std::size_t limit);

    /// Throws Closed, LimitReached, std::bad_alloc, std::system_error (no thread); nothing has changed then.
    void add(const std::shared_ptr<Appointment>& appointment, const When& when);
    /// On the clock of delays and reminders. Calls the bus's clock, which is user code.
    TimePoint now() const noexcept;
    /// So that `remind` cannot fail. Throws std::system_error (no thread).
    void get_ready();
    void remind(Reminders::node_type&& reminder) noexcept;
    /// Takes it out, if it is there.
    void forget(const Reminder& reminder) noexcept;
    /// See Scheduled::cancel.
    bool cancel(Appointment& appointment) noexcept;
    /// Cancels those that hold the type.
    void forget(const EventType& type) noexcept;
    /// Those that are to be emitted in a scope that has ended.
    void forget(std::string_view scope) noexcept;

    /// Emits what is due, unless a thread of its own does.
    void emit_by_hand() noexcept;
    void clock_moved() noexcept override { emit_due(); }

    /// For a shutdown: waits for who emits, if it may, emits what is due, and from then on nothing.
    void finish(bool may_wait, Deadline deadline) noexcept;
    /// From here on nothing is taken; what was still to be emitted.
    Lines close() noexcept;
    /// Destroys the events of what was taken out: handles may live on.
    static void drop_events(const Line& line) noexcept;
    /// Ends the thread. `may_wait`: until it has ended.
    void end(bool may_wait) noexcept;

    ScheduleStatistics stats() const;
    void reset_stats() noexcept;

private:
    enum class Drive : std::uint8_t { thread, clock, hand };
    struct Now {
        Deadline steady;
        TimePoint moment;
        TimePoint on(Appointment::Line line) const noexcept;
    };

    Timetable(std::weak_ptr<TimetableOwner> owner, std::shared_ptr<Clock> clock, std::size_t limit)
        : owner_(std::move(owner)), clock_(std::move(clock)), limit_(limit),
          home_(clock_ ? Appointment::Line::moments : Appointment::Line::delays) {}

    Now read_clocks() const noexcept;
    void emit_due() noexcept;
    // These three unlock meanwhile.
    void emit_due_as_runner(std::unique_lock<std::mutex>& lock) noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void remind_locked(std::unique_lock<std::mutex>& lock, const Now& now) noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void emit_one(std::unique_lock<std::mutex>& lock, Line::node_type next) noexcept HINDSIGHT_UNCHECKED_LOCKING;
    void collect_due_locked(const Now& now) noexcept HINDSIGHT_REQUIRES(mutex_);
    void start_thread_locked() HINDSIGHT_REQUIRES(mutex_);
    void put_back_locked(Line::node_type& node, const Now& now) noexcept HINDSIGHT_REQUIRES(mutex_);
    Line::node_type take_locked(Appointment& appointment) noexcept HINDSIGHT_REQUIRES(mutex_);
    template <class F>
    void forget_if(F matches) noexcept;
    void put_locked(Line::node_type&& node, Appointment::Line line, TimePoint rank) noexcept HINDSIGHT_REQUIRES(mutex_);
    void end_locked(Appointment& appointment) noexcept HINDSIGHT_REQUIRES(mutex_);
    Line& line_of(Appointment::Line line) noexcept HINDSIGHT_REQUIRES(mutex_) {
        return lines_[static_cast<std::size_t>(line)];
    }

    void work() noexcept;
    /// From `now` on; Duration::max(): there is nothing to wait for.
    Duration wait_locked(const Now& now) noexcept HINDSIGHT_REQUIRES(mutex_);

    const std::weak_ptr<TimetableOwner> owner_;
    const std::shared_ptr<Clock> clock_;
    const std::size_t limit_;
    const Appointment::Line
        home_;                     // of delays: without a clock of its own, they do not depend on who sets the system's
    Drive drive_ = Drive::thread;  // fixed before it is shared

    mutable std::mutex mutex_;
    std::condition_variable changed_;   // for the thread
    std::condition_variable finished_;  // an appointment is in hand no more, or the runner has finished
    Lines lines_ HINDSIGHT_GUARDED_BY(mutex_);
    Reminders reminders_ HINDSIGHT_GUARDED_BY(mutex_);
    ScheduleStatistics counted_ HINDSIGHT_GUARDED_BY(mutex_);
    std::uint64_t last_order_ HINDSIGHT_GUARDED_BY(mutex_) = 0;
    std::thread::id runner_ HINDSIGHT_GUARDED_BY(mutex_){};        // who emits; none: nobody does
    Appointment* in_hand_ HINDSIGHT_GUARDED_BY(mutex_) = nullptr;  // what he emits just now
    bool again_ HINDSIGHT_GUARDED_BY(mutex_) = false;              // somebody left it to the runner
    bool ending_ HINDSIGHT_GUARDED_BY(mutex_) = false;             // nobody begins to emit any more
    bool closed_ HINDSIGHT_GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/timetable.ipp>
#endif

#pragma once

#include <hindsight/detail/node.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/detail/timetable.hpp>
#include <hindsight/detail/wall_clock.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace hindsight::detail {

namespace timetable {

/// Stops at the end of its type; `to` is not earlier than `from`.
inline Duration between(TimePoint from, TimePoint to) noexcept {
    const Duration begin = from.time_since_epoch();
    if (begin < Duration::zero() && to.time_since_epoch() > Duration::max() + begin) return Duration::max();
    return to - from;
}

inline bool is_inside_handler() noexcept {
    const ThreadSlot* const slot = ThreadSlot::current_or_null();
    return slot != nullptr && slot->top != nullptr;
}

/// How long a thread relies on a clock that may be set, or go at a pace of its own.
constexpr Duration glance(bool own_clock) noexcept {
    return own_clock ? Duration(std::chrono::milliseconds(10)) : Duration(std::chrono::seconds(1));
}

}  // namespace timetable

HINDSIGHT_INLINE TimePoint Timetable::Now::on(Appointment::Line line) const noexcept {
    if (line == Appointment::Line::moments) return moment;
    return TimePoint(std::chrono::duration_cast<Duration>(steady.time_since_epoch()));
}

HINDSIGHT_INLINE std::shared_ptr<Timetable> Timetable::make(std::weak_ptr<TimetableOwner> owner,
                                                            std::shared_ptr<Clock> clock, bool has_threads,
                                                            std::size_t limit) {
    std::shared_ptr<Timetable> made(new Timetable(std::move(owner), std::move(clock), limit));
    if (!has_threads) {
        made->drive_ = Drive::hand;
    } else if (made->clock_ && made->clock_->add_listener(made)) {
        made->drive_ = Drive::clock;
    }
    return made;
}

HINDSIGHT_INLINE Timetable::Now Timetable::read_clocks() const noexcept {
    return {std::chrono::steady_clock::now(), clock_ ? clock_->now() : WallClock::now()};
}

HINDSIGHT_INLINE TimePoint Timetable::now() const noexcept {
    // At the end of time nothing would be later any more.
    return std::min(read_clocks().on(home_), TimePoint::max() - Duration(1));
}

HINDSIGHT_INLINE void Timetable::get_ready() {
    const std::lock_guard lock(mutex_);
    start_thread_locked();
}

HINDSIGHT_INLINE void Timetable::start_thread_locked() {
    if (drive_ == Drive::thread && !ending_ && !thread_.joinable())
        thread_ = std::thread([self = shared_from_this()] { self->work(); });
}

HINDSIGHT_INLINE void Timetable::remind(Reminders::node_type&& reminder) noexcept {
    const TimePoint due = reminder.value().due;
    {
        const std::lock_guard lock(mutex_);
        const auto inserted = reminders_.insert(std::move(reminder));
        if (inserted.position == reminders_.begin()) changed_.notify_all();
    }
    // The clock may have been moved since the time was told: nobody may do it again.
    if (drive_ == Drive::clock && due <= now()) emit_due();
}

HINDSIGHT_INLINE void Timetable::forget(const Reminder& reminder) noexcept {
    Reminders::node_type forgotten;  // destroyed after unlocking
    const std::lock_guard lock(mutex_);
    forgotten = reminders_.extract(reminder);
}

HINDSIGHT_INLINE void Timetable::add(const std::shared_ptr<Appointment>& appointment, const When& when) {
    const Now now = read_clocks();
    Line one;
    one.insert(appointment);
    Line::node_type node = one.extract(one.begin());
    appointment->timetable = weak_from_this();
    appointment->home = when.kind == When::Kind::at ? Appointment::Line::moments : home_;
    appointment->due = when.kind == When::Kind::at ? when.time : later(now.on(appointment->home), when.delay);

    const std::lock_guard lock(mutex_);
    if (closed_) throw Closed("an event cannot be scheduled: this bus is shut down");
    if (counted_.waiting >= limit_) {
        throw LimitReached("an event cannot be scheduled: " + std::to_string(limit_) +
                           " are, which is all that max_scheduled allows");
    }
    start_thread_locked();
    ++counted_.waiting;
    appointment->order = ++last_order_;
    put_locked(std::move(node), appointment->home, appointment->due);
    changed_.notify_all();
}

HINDSIGHT_INLINE void Timetable::put_locked(Line::node_type&& node, Appointment::Line line, TimePoint rank) noexcept {
    Appointment& appointment = *node.value();
    appointment.stage.store(Appointment::Stage::waiting, std::memory_order_release);
    appointment.line = line;
    appointment.rank = rank;
    line_of(line).insert(std::move(node));
}

HINDSIGHT_INLINE Timetable::Line::node_type Timetable::take_locked(Appointment& appointment) noexcept {
    Line& line = line_of(appointment.line);
    const std::shared_ptr<Appointment> wanted(std::shared_ptr<void>(), &appointment);  // owns nothing
    return line.extract(line.find(wanted));
}

HINDSIGHT_INLINE void Timetable::end_locked(Appointment& appointment) noexcept {
    appointment.stage.store(Appointment::Stage::over, std::memory_order_release);
    --counted_.waiting;
}

HINDSIGHT_INLINE bool Timetable::cancel(Appointment& appointment) noexcept {
    EnvelopePtr event;     // destroyed after unlocking
    Line::node_type node;  // the same
    std::unique_lock lock(mutex_);
    switch (appointment.stage.load(std::memory_order_relaxed)) {
    case Appointment::Stage::waiting:
        node = take_locked(appointment);
        event = std::move(appointment.event);
        end_locked(appointment);
        ++counted_.cancelled;
        return true;
    case Appointment::Stage::over:
        return false;
    case Appointment::Stage::in_hand:
        break;
    }
    const bool prevents = appointment.period > Duration::zero() && !std::exchange(appointment.cancelled, true);
    if (appointment.runner == std::this_thread::get_id()) {
        // Inside its own emit: what has its seq has been emitted.
        return prevents && appointment.in_hand && appointment.in_hand->seq != 0;
    }
    if (timetable::is_inside_handler()) return false;
    finished_.wait(lock, [&] { return appointment.stage.load(std::memory_order_relaxed) == Appointment::Stage::over; });
    return prevents;
}

HINDSIGHT_INLINE void Timetable::forget(const EventType& type) noexcept {
    forget_if([&](const Appointment& each) { return same_type(each.type, type); });
}

HINDSIGHT_INLINE void Timetable::forget(std::string_view scope) noexcept {
    forget_if([&](const Appointment& each) { return each.scope == scope; });
}

template <class F>
void Timetable::forget_if(F matches) noexcept {
    Line forgotten;
    std::unique_lock lock(mutex_);
    // What is in hand is in no line.
    if (in_hand_ != nullptr && matches(*in_hand_)) in_hand_->cancelled = true;
    for (Line& line : lines_) {
        for (auto each = line.begin(); each != line.end();) {
            const auto next = std::next(each);
            if (matches(**each)) {
                end_locked(**each);
                ++counted_.cancelled;
                forgotten.insert(line.extract(each));
            }
            each = next;
        }
    }
    lock.unlock();
    drop_events(forgotten);
}

HINDSIGHT_INLINE void Timetable::drop_events(const Line& line) noexcept {
    for (const std::shared_ptr<Appointment>& each : line) each->event = EnvelopePtr();
}

HINDSIGHT_INLINE void Timetable::emit_by_hand() noexcept {
    if (drive_ != Drive::thread) emit_due();
}

HINDSIGHT_INLINE void Timetable::emit_due() noexcept {
    const std::shared_ptr<Timetable> self = shared_from_this();  // a handler may destroy the bus
    std::unique_lock lock(mutex_);
    if (ending_) return;
    if (runner_ != std::thread::id()) {
        again_ = true;
        return;
    }
    emit_due_as_runner(lock);
}

HINDSIGHT_INLINE void Timetable::emit_due_as_runner(std::unique_lock<std::mutex>& lock) noexcept {
    runner_ = std::this_thread::get_id();
    do {
        again_ = false;
        lock.unlock();
        const Now now = read_clocks();
        lock.lock();
        remind_locked(lock, now);
        collect_due_locked(now);
        // What is scheduled from here on has to wait for the next time, or this might go on for ever.
        Line& due = line_of(Appointment::Line::due);
        while (!due.empty()) emit_one(lock, due.extract(due.begin()));
    } while (again_);
    runner_ = {};
    finished_.notify_all();
}

HINDSIGHT_INLINE void Timetable::collect_due_locked(const Now& now) noexcept {
    for (const Appointment::Line line : {Appointment::Line::delays, Appointment::Line::moments}) {
        Line& waiting = line_of(line);
        while (!waiting.empty() && (*waiting.begin())->due <= now.on(line)) {
            Line::node_type node = waiting.extract(waiting.begin());
            // Times of two clocks compare by how long ago they were.
            const Duration late = timetable::between(node.value()->due, now.on(line));
            put_locked(std::move(node), Appointment::Line::due, TimePoint(-late));
        }
    }
}

HINDSIGHT_INLINE void Timetable::remind_locked(std::unique_lock<std::mutex>& lock, const Now& now) noexcept {
    const TimePoint moment = now.on(home_);
    while (!reminders_.empty() && reminders_.begin()->due <= moment) {
        Reminders::node_type next = reminders_.extract(reminders_.begin());
        NodePtr node = NodePtr::share(*next.value().node);
        lock.unlock();
        if (const std::shared_ptr<TimetableOwner> owner = owner_.lock()) owner->come_due(node, std::move(next), moment);
        node = NodePtr();
        next = Reminders::node_type();
        lock.lock();
    }
}

HINDSIGHT_INLINE void Timetable::emit_one(std::unique_lock<std::mutex>& lock, Line::node_type next) noexcept {
    Appointment& appointment = *next.value();
    appointment.stage.store(Appointment::Stage::in_hand, std::memory_order_release);
    appointment.runner = runner_;
    in_hand_ = &appointment;
    lock.unlock();

    bool done = false;
    {
        const std::shared_ptr<TimetableOwner> owner = owner_.lock();
        done = owner && owner->emit_scheduled(appointment);
    }
    (done ? appointment.emitted : appointment.failed).fetch_add(1, std::memory_order_relaxed);
    const Now now = read_clocks();

    EnvelopePtr event;
    lock.lock();
    in_hand_ = nullptr;
    ++(done ? counted_.emitted : counted_.failed);
    const bool repeats = appointment.period > Duration::zero();
    if (!repeats || appointment.cancelled || closed_) {
        if (repeats && appointment.cancelled) ++counted_.cancelled;
        event = std::move(appointment.event);
        end_locked(appointment);
    } else {
        put_back_locked(next, now);
    }
    finished_.notify_all();
    if (next.empty()) return;
    lock.unlock();
    event = EnvelopePtr();
    next = Line::node_type();
    lock.lock();
}

HINDSIGHT_INLINE void Timetable::put_back_locked(Line::node_type& node, const Now& now) noexcept {
    Appointment& appointment = *node.value();
    std::uint64_t missed = 0;
    const TimePoint here = now.on(appointment.home);
    if (here > appointment.due)
        missed = static_cast<std::uint64_t>(timetable::between(appointment.due, here) / appointment.period);
    appointment.skipped.fetch_add(missed, std::memory_order_relaxed);
    counted_.skipped += missed;
    appointment.due = later(appointment.due, appointment.period * static_cast<Duration::rep>(missed));
    appointment.due = later(appointment.due, appointment.period);
    put_locked(std::move(node), appointment.home, appointment.due);
}

HINDSIGHT_INLINE void Timetable::finish(bool may_wait, Deadline deadline) noexcept {
    const std::shared_ptr<Timetable> self = shared_from_this();
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    if (may_wait) {
        finished_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + std::chrono::hours(24 * 365)),
                             [&]() HINDSIGHT_REQUIRES(mutex_) { return runner_ == std::thread::id(); });
    }
    if (runner_ == std::thread::id()) emit_due_as_runner(lock);
}

HINDSIGHT_INLINE Timetable::Lines Timetable::close() noexcept {
    Lines rest;
    const std::lock_guard lock(mutex_);
    ending_ = closed_ = true;
    changed_.notify_all();
    rest.swap(lines_);
    for (const Line& line : rest) {
        for (const std::shared_ptr<Appointment>& each : line) {
            end_locked(*each);
            ++counted_.not_emitted;
        }
    }
    return rest;
}

HINDSIGHT_INLINE void Timetable::end(bool may_wait) noexcept {
    std::thread thread;
    {
        const std::lock_guard lock(mutex_);
        ending_ = closed_ = true;
        changed_.notify_all();
        thread.swap(thread_);
    }
    if (!thread.joinable()) return;
    if (may_wait && thread.get_id() != std::this_thread::get_id()) {
        thread.join();
    } else {
        thread.detach();
    }
}

HINDSIGHT_INLINE void Timetable::work() noexcept {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        lock.unlock();
        const Now now = read_clocks();
        lock.lock();
        if (ending_) break;
        const Duration left = wait_locked(now);
        if (left == Duration::max()) {
            changed_.wait(lock);
        } else if (left > Duration::zero()) {
            changed_.wait_until(lock, now.steady + left);
        } else {
            lock.unlock();
            emit_due();
            lock.lock();
        }
    }
}

HINDSIGHT_INLINE Duration Timetable::wait_locked(const Now& now) noexcept {
    Duration left = Duration::max();
    const auto wait_for = [&](Appointment::Line line, TimePoint due) {
        const TimePoint here = now.on(line);
        // A steady clock needs no looking at, but its deadline must stay within its range.
        const Duration longest =
            line == Appointment::Line::delays ? Duration(std::chrono::hours(24)) : timetable::glance(clock_ != nullptr);
        left = due <= here ? Duration::zero() : std::min({left, timetable::between(here, due), longest});
    };
    for (const Appointment::Line line : {Appointment::Line::delays, Appointment::Line::moments}) {
        if (!line_of(line).empty()) wait_for(line, (*line_of(line).begin())->due);
    }
    if (!reminders_.empty()) wait_for(home_, reminders_.begin()->due);
    return left;
}

HINDSIGHT_INLINE ScheduleStatistics Timetable::stats() const {
    const std::lock_guard lock(mutex_);
    return counted_;
}

HINDSIGHT_INLINE void Timetable::reset_stats() noexcept {
    const std::lock_guard lock(mutex_);
    counted_ = {.waiting = counted_.waiting};
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/schedule.hpp>
#include <hindsight/detail/timetable.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/inherit.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace hindsight::detail {

namespace hub_schedule {

inline void require_sense(const When& when) {
    const auto count = [&] { return std::to_string(when.delay.count()) + " ns"; };
    if (when.kind == When::Kind::after && when.delay < Duration::zero())
        throw InvalidArgument("emit_after: the delay is negative: " + count());
    if (when.kind == When::Kind::every && when.delay <= Duration::zero())
        throw InvalidArgument("emit_every: the period is " + count() + "; it must be above 0");
}

}  // namespace hub_schedule

HINDSIGHT_INLINE Timetable& Hub::timetable() {
    std::call_once(timetable_made_, [this] {
        const bool has_threads = options_.executor != nullptr || make_executor_ != nullptr;
        own_timetable_ = Timetable::make(weak_from_this(), options_.clock, has_threads, options_.max_scheduled);
        timetable_.store(own_timetable_.get(), std::memory_order_seq_cst);
    });
    return *own_timetable_;
}

HINDSIGHT_INLINE Scheduled Hub::schedule(const Draft& draft, const When& when) {
    hub_schedule::require_sense(when);
    const std::shared_ptr<Hub> self =
        shared_from_this();  // it may be emitted, and its handler destroy the bus, at once
    ThreadSlot& slot = ThreadSlot::current();
    if (!accepts(slot.top, draft)) throw Closed("an event cannot be scheduled: this bus is shut down");
    check(draft);
    if (registry_.find(draft.type) == nullptr) {  // another type may have its name
        std::unique_ptr<Topic> owned;
        registry_.look_up(draft, owned);
    }
    Timetable& table = timetable();
    Stamp stamp = stamp_of(draft, time_of(draft, [] { return TimePoint(); }), ledger_->origin);
    inherit(stamp, slot.top, *this);
    const bool repeats = when.kind == When::Kind::every;
    auto appointment =
        std::make_shared<Appointment>(make_envelope(draft, stamp, slot), repeats ? when.delay : Duration::zero(),
                                      !draft.brief && draft.options.time.has_value());
    table.add(appointment, when);
    // A shutdown that has looked at what is scheduled meanwhile has not seen this one, unless it has reported it.
    if (state_.load(std::memory_order_seq_cst) == State::closed && table.cancel(*appointment))
        throw Closed("an event cannot be scheduled: this bus was shut down meanwhile");
    return Scheduled(std::move(appointment));
}

HINDSIGHT_INLINE Scheduled schedule(Hub& hub, const Draft& draft, const When& when) {
    return hub.schedule(draft, when);
}

HINDSIGHT_INLINE bool Hub::emit_scheduled(Appointment& appointment) noexcept {
    try {
        // As in a handler: a full mailbox does not hold up what else is due, nor who waits for this to be over, and who
        // is told of a failure waits for nobody.
        Frame frame(ThreadSlot::current(), *this);
        const bool emitted = try_to_emit(frame, appointment);
        appointment.in_hand = EnvelopePtr();
        return emitted;
    } catch (const std::bad_alloc&) {
        tell_of_schedule(appointment.event, std::current_exception());
        return false;
    }
}

HINDSIGHT_INLINE bool Hub::try_to_emit(const Frame& frame, Appointment& appointment) noexcept {
    EnvelopePtr& event = appointment.in_hand;
    try {
        const TimePoint time = appointment.keeps_time ? appointment.event->time : now();
        if (appointment.period > Duration::zero()) {
            const Envelope& original = *appointment.event;
            const Stamp stamp{
                .time = time,
                .origin = original.origin,
                .cause = original.cause,
                .flags = static_cast<std::uint8_t>(original.flags & (Envelope::below_error | Envelope::dated))};
            event = make_again(original, stamp, frame.slot);
        } else {
            event = std::move(appointment.event);
            event->time = time;
        }
        const Draft::Texts own{.name = event->name(), .key = event->key(), .scope = event->scope()};
        const Draft draft{.type = *event->type,
                          .event = event->payload(),
                          .payload_bytes = event->payload_bytes,
                          .options = default_emit_options,
                          .own = &own,
                          .brief = false,
                          .may_move = false};
        Receipt receipt;
        emit_made(draft, event, receipt);
        if (receipt.outcome == Outcome::closed) throw Closed("not emitted: the bus was shut down");
        if (receipt.outcome == Outcome::too_deep)
            throw Error("not emitted: more handlers inside each other than max_depth");
        return true;
    } catch (const HandlerFailed&) {
        return true;  // each failure has been told
    } catch (...) {
        tell_of_schedule(event ? event : appointment.event, std::current_exception());
        return false;
    }
}

HINDSIGHT_INLINE void Hub::tell_of_schedule(const EnvelopePtr& event, std::exception_ptr error) noexcept {
    try {
        const HandlerError failure{"(schedule)", Record(event), std::move(error)};
        tell_error_handler(failure, event ? event->name() : std::string_view(), schedule_failures_);
    } catch (const std::bad_alloc&) {
        // There is no memory to tell with: the failure is counted.
    }
}

HINDSIGHT_INLINE void Hub::finish_schedules(bool may_wait, Deadline deadline) noexcept {
    if (Timetable* const table = timetable_.load(std::memory_order_seq_cst)) table->finish(may_wait, deadline);
}

HINDSIGHT_INLINE Timetable::Lines Hub::close_schedules(ShutdownReport& report) noexcept {
    Timetable* const table = timetable_.load(std::memory_order_seq_cst);
    if (table == nullptr) return {};
    Timetable::Lines rest = table->close();
    for (const Timetable::Line& line : rest) {
        report.not_emitted += line.size();
        try {
            for (const std::shared_ptr<Appointment>& each : line) {
                const std::string_view name = each->event->name();
                const auto known = std::ranges::find(report.by_schedule, name, &ShutdownReport::NotEmitted::name);
                if (known != report.by_schedule.end()) {
                    ++known->events;
                } else {
                    report.by_schedule.push_back({std::string(name), 1});
                }
            }
        } catch (const std::bad_alloc&) {
            // The sum is right all the same.
        }
    }
    return rest;
}

HINDSIGHT_INLINE void Hub::end_rest(const Timetable::Lines& rest) noexcept {
    for (const Timetable::Line& line : rest) {
        if (tells_of_discarded_.load(std::memory_order_acquire)) tell_of_rest(line);
        Timetable::drop_events(line);
    }
}

HINDSIGHT_INLINE void Hub::tell_of_rest(const Timetable::Line& line) noexcept {
    for (const std::shared_ptr<Appointment>& each : line) {
        // What repeats has no last event that could be missed.
        if (each->period > Duration::zero()) continue;
        try {
            const auto why = std::make_exception_ptr(Closed("not emitted: the bus ended before it was due"));
            tell_of_schedule(each->event, why);
        } catch (const std::bad_alloc&) {
            // It is counted all the same.
        }
    }
}

}  // namespace hindsight::detail

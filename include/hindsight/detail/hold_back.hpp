// HoldBack: what `debounce` and `throttle` of a subscription keep from its mailbox until its time has come: one event,
// the newest. The ledger's lock guards all of it; nothing here locks, and nothing but the constructor allocates or
// throws.
//
// The event itself lies in the mailbox (`Mailbox::held_back`), with reference and delivery as one that waits there, so
// whoever counts or takes out what waits finds it. Who puts an event into the mailbox reads the clock before he takes
// the lock, and afterwards hands the reminder to the bus's timetable, if it is not there (`take_reminder`). The
// timetable then tells the hub, which looks whether the event is due (`come_due`), and hands the reminder over again if
// it is not: of many events in a row, those that come while it is on its way only move `until_`. An event that finds
// another one due lets it in itself, so none is replaced that had to come in, however late the timetable is.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/mailbox.hpp>
#include <hindsight/detail/reminder.hpp>
#include <hindsight/types.hpp>

#include <array>
#include <cstdint>
#include <utility>

namespace hindsight::detail {

class HINDSIGHT_API HoldBack {
public:
    enum class Kind : std::uint8_t {
        debounce,  // each event is held back, for the period after it
        throttle,  // those that come within a period of the last one that came in, until that is over
    };

    /// Throws std::bad_alloc.
    HoldBack(Kind kind, Duration period);

    /// Whether an event that comes now goes into the mailbox itself, and so needs room.
    bool passes(const Mailbox& mailbox, TimePoint now) const noexcept {
        return kind_ == Kind::throttle && mailbox.held_back == nullptr && until_ <= now;
    }
    struct Taken {
        Mailbox::Fate fate = Mailbox::Fate::queued;
        std::array<Envelope*, 2> displaced{};  // or null: the caller finishes their deliveries, outside the lock
    };
    /// An event comes; see Mailbox::push. The mailbox has memory for two.
    Taken take_in(Mailbox& mailbox, Envelope& envelope, TimePoint now, bool no_growth) noexcept;
    /// Lets what is held back into the mailbox, if it is due. What that displaces: as above.
    Envelope* come_due(Mailbox& mailbox, TimePoint now) noexcept;

    bool wants_reminder(const Mailbox& mailbox) const noexcept {
        return mailbox.held_back != nullptr && !reminder_.empty();
    }
    /// To be handed to the timetable; empty: there is no need.
    Reminders::node_type take_reminder(const Mailbox& mailbox, Node& node) noexcept;
    /// It has come back.
    void put_back(Reminders::node_type&& reminder) noexcept { reminder_ = std::move(reminder); }
    /// When the one is due that was taken last.
    TimePoint reminded_at() const noexcept { return reminded_at_; }

private:
    const Kind kind_;
    const Duration period_;
    TimePoint until_ = TimePoint::min();  // what is held back is due; before, a throttle lets nothing in
    Reminders::node_type reminder_;       // empty: the timetable has it, or somebody on the way to it or from it
    TimePoint reminded_at_{};
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/hold_back.ipp>
#endif

// BareEvent: an event whose direct handlers all take it without its record. It is passed on where it lies; a record for
// the handlers is made, as a copy, only if somebody asks for it after all: this_handler::record(), or the report of a
// failure.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <string_view>

namespace hindsight::detail {

class BareEvent {
public:
    static constexpr TimePoint no_time = TimePoint::min();

    /// `time`: of its record in history; `no_time`: there is none.
    BareEvent(const Draft& draft, Seq seq, TimePoint time, Hub& hub) noexcept
        : draft_(draft), seq_(seq), time_(time), hub_(hub) {}

    const void* event() const noexcept { return draft_.event; }
    Seq seq() const noexcept { return seq_; }
    std::string_view name() const noexcept { return draft_.name(); }
    std::string_view correlation() const noexcept { return draft_.options.correlation; }

    /// Throws std::bad_alloc, or what copying the event throws.
    const Record& record() {
        if (!record_) {
            Draft copied = draft_;
            copied.may_move = false;
            const TimePoint time = time_ != no_time ? time_ : time_of(draft_, [this] { return hub_.now(); });
            EnvelopePtr made =
                make_envelope(copied, stamp_of(draft_, time, hub_.ledger().origin), ThreadSlot::current());
            made->seq = seq_;
            record_ = Record(std::move(made));
        }
        return record_;
    }

private:
    const Draft& draft_;
    const Seq seq_;
    const TimePoint time_;
    Hub& hub_;
    Record record_;
};

}  // namespace hindsight::detail

// UnrecordedEvent: an event that no history keeps and no mailbox takes, and whose direct handlers all take it without its
// record. It is passed on where it lies; its record is made, as a copy, only if somebody asks for it after all:
// this_handler::record(), or the report of a failing handler.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <string_view>

namespace hindsight::detail {

class UnrecordedEvent {
public:
    UnrecordedEvent(const Draft& draft, Seq seq, std::uint64_t origin, const Clock* clock) noexcept
        : draft_(draft), seq_(seq), origin_(origin), clock_(clock) {}

    Seq seq() const noexcept { return seq_; }
    std::string_view correlation() const noexcept { return draft_.options.correlation; }

    /// Throws std::bad_alloc, or what copying the event throws.
    const Record& record() {
        if (!record_) {
            Draft copied = draft_;
            copied.construct = draft_.copy;
            Stamp stamp;
            stamp.time = draft_.options.time ? *draft_.options.time : clock_ ? clock_->now() : SystemClock().now();
            stamp.origin = origin_;
            stamp.cause = draft_.options.cause;
            stamp.correlation = correlation();
            EnvelopePtr made = make_envelope(copied, stamp, true);
            made->seq = seq_;
            record_ = Record(std::move(made));
        }
        return record_;
    }

private:
    const Draft& draft_;
    const Seq seq_;
    const std::uint64_t origin_;
    const Clock* const clock_;
    Record record_;
};

}  // namespace hindsight::detail

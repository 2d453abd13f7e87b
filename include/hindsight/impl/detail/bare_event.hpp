// The record of an event that direct handlers take without it, passed on where it lies: made, as a copy, only if
// somebody asks for it after all: this_handler::record(), or the report of a failure.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <memory>
#include <utility>

namespace hindsight::detail {

/// Of the event whose handlers `frame` calls; lives as long as the frame. Throws std::bad_alloc, or what copying the
/// event throws.
inline const Record& record_of_bare(Frame& frame) {
    if (frame.record_of_bare) return *frame.record_of_bare;
    const BareEvent bare = frame.bare;
    const Hub& hub = static_cast<const Hub&>(*frame.engine);  // nothing else has bare events
    frame.makes_record = true;                                // copying is user code, which may ask for the record
    const auto made_or_failed = [](Frame* of) { of->makes_record = false; };
    const std::unique_ptr<Frame, decltype(made_or_failed)> until_then(&frame, made_or_failed);
    Draft copied = *bare.draft;
    copied.may_move = false;
    const TimePoint time = bare.time != BareEvent::no_time ? bare.time : time_of(copied, [&] { return hub.now(); });
    EnvelopePtr made = make_envelope(copied, stamp_of(copied, time, hub.ledger().origin), frame.slot);
    made->seq = bare.seq;
    return frame.keep(std::make_shared<const Record>(std::move(made)));
}

}  // namespace hindsight::detail

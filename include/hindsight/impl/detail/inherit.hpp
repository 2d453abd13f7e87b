// What an event has from the handler that it is emitted in, or scheduled in: its cause and its correlation.
#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/impl/detail/bare_event.hpp>
#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstdint>
#include <string_view>

namespace hindsight::detail {

/// From the innermost handler of the engine, in `frame` or around it. The stamp's correlation is a view into what that
/// handler was given.
inline void inherit(Stamp& stamp, const Frame* frame, const NodeOwner& engine) noexcept {
    while (frame != nullptr && (frame->engine != &engine || !frame->is_in_handler())) frame = frame->outer;
    if (frame == nullptr) return;
    Seq cause = 0;
    std::string_view correlation;
    if (frame->record != nullptr && *frame->record) {
        const Envelope& envelope = *frame->record->envelope();
        // A filter is given a record that has no seq yet: what it emits comes of what that comes of.
        cause = envelope.seq != 0 ? envelope.seq : envelope.cause;
        correlation = envelope.correlation();
        stamp.flags = static_cast<std::uint8_t>(stamp.flags | (envelope.flags & Envelope::below_error));
    } else if (frame->bare.draft != nullptr) {
        cause = frame->bare.seq;
        correlation = frame->bare.draft->options.correlation;
    }
    if (stamp.cause == 0) stamp.cause = cause;
    if (stamp.correlation.empty()) stamp.correlation = correlation;
}

}  // namespace hindsight::detail

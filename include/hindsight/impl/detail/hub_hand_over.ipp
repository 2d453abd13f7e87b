#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/emission.ipp>
#include <hindsight/impl/detail/handover.hpp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace hindsight::detail {

namespace hub_hand_over {

/// The records that will leave history soon were last written by the threads of their handlers, and their memory will
/// be that of new ones.
inline void prefetch_next_to_leave(const RecordLog& log) noexcept {
    constexpr Position ahead = 8;
    if (!log.is_full() || log.span() <= ahead) return;
    const auto* const bytes = reinterpret_cast<const char*>(*log.slot(ahead));
    if (bytes == nullptr) return;
    for (std::size_t line = 0; line < 3; ++line) prefetch_for_writing(bytes + line * cache_line);
}

}  // namespace hub_hand_over

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::hand_over_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                                Topic& topic, const Snapshot& subscribers) {
    // Both may destroy payloads, which is user code: outside the frame, for which a queued handler may wait.
    EvictedRecords evicted;
    EnvelopePtr made;

    const OutermostFrame outermost(slot, *this);
    Frame& frame = *outermost;
    if (!draft.brief) [[unlikely]]
        check_texts(draft);
    Ledger& ledger = *ledger_;
    const TimePoint time = time_of(draft, [this] { return now(); });
    made = make_envelope_outside(draft, time, ledger.origin, slot);
    Envelope& envelope = *made;
    Handover handover(ledger, subscribers);
    bool recorded = false;
    {
        const LedgerLock lock(ledger.mutex);
        const Topic::Keeping keeping = topic.keeping_at(ledger.history_version.load(std::memory_order_relaxed));
        const bool kept = keeping == Topic::Keeping::kept;
        // The rule that the topic knows may be gone, unless things are as prepared.
        const auto goes_whole = [&]() HINDSIGHT_REQUIRES(ledger.mutex) {
            return kept ? ledger.history.takes_whole(envelope) : keeping != Topic::Keeping::asked;
        };
        if (is_as_prepared_locked(topic, subscribers) && goes_whole() && handover.prepare_locked()) [[likely]] {
            std::optional<History::Place> place;
            if (kept) place.emplace(ledger.history.place_for(*topic.rule, envelope));
            // From here on nothing throws.
            receipt.seq = ledger.next_seq_locked();
            envelope.seq = receipt.seq;
            handover.push_locked(envelope, kept ? 2 : 1);
            if (place) {
                ledger.history.append(envelope, *place, evicted);
                hub_hand_over::prefetch_next_to_leave(place->log);
                recorded = true;
            } else if (keeping == Topic::Keeping::counted) {
                ++topic.rule->refused;
            }
            topic.emitted.add(slot);
            // From the unlocking on, a queued handler may run and destroy the bus. It waits for this thread to leave
            // the snapshot (see ~Registry), unless user code follows here, which may wait for that handler.
            if (handover.has_more_to_do() || subscribers.direct_count > 0) frame.keep(shared_from_this());
        }
    }
    if (receipt.seq == 0) [[unlikely]]
        return emit_made_thoroughly(frame, topic, draft, std::move(made), receipt);
    receipt.outcome = recorded ? Outcome::recorded : Outcome::not_kept;
    handover.finish([&](Node& node) { give_to_executor(frame, node, Record(made)); });
    receipt.queued = handover.queued();
    receipt.dropped = handover.dropped();
    receipt.matched = receipt.queued + receipt.dropped;
    if (subscribers.direct_count > 0) receipt.matched += call_direct_ones(frame, subscribers, Record(made));
    if (receipt.queued > 0) receipt.envelope = std::move(made);
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_direct_ones(Frame& frame, const Snapshot& subscribers,
                                                                       const Record& record) noexcept {
    Calls calls;
    Running running(frame);
    for (const NodePtr& node : subscribers.direct()) call_direct(running, frame, *node, record, calls);
    return calls.count;
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_otherwise(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                            Topic& topic, const Snapshot& subscribers) {
    const Topic::Keeping keeping = topic.keeping_at(ledger_->history_version.load(std::memory_order_acquire));
    if (subscribers.needs == Snapshot::Needs::handover && keeping < Topic::Keeping::asked)
        return hand_over_and_call(draft, receipt, slot, topic, subscribers);
    if (subscribers.needs <= Snapshot::Needs::event && keeping == Topic::Keeping::none && draft.outlasts_recording())
        return call_without_record<false>(draft, receipt, slot, topic, subscribers);
    unpin_and_emit_thoroughly(draft, receipt, slot);
}

}  // namespace hindsight::detail

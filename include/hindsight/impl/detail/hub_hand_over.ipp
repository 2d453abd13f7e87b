#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/emission.ipp>
#include <hindsight/impl/detail/handover.hpp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <mutex>
#include <utility>

namespace hindsight::detail {

namespace hub_hand_over {

/// The records that will leave history soon were last written by the threads of their handlers, far away.
inline void prefetch_next_to_leave([[maybe_unused]] const Ring<Envelope*>& ring) noexcept {
#if defined(__GNUC__)
    constexpr std::size_t ahead = 8;
    if (!ring.full() || ring.capacity() <= ahead) return;
    const auto* const bytes = reinterpret_cast<const char*>(ring.at(ahead));
    __builtin_prefetch(bytes, 1);
    __builtin_prefetch(bytes + 64, 1);
    __builtin_prefetch(bytes + 128, 1);
#endif
}

}  // namespace hub_hand_over

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::hand_over_and_call(ThreadSlot& slot, Topic& topic,
                                                                   const Snapshot& subscribers, const Draft& draft) {
    Frame frame(slot, *this, Frame::Outermost());
    Ledger& ledger = *ledger_;
    EnvelopePtr made = make_envelope(draft,
                                     {.time = !draft.brief && draft.options.time ? *draft.options.time : now(),
                                      .origin = ledger.origin,
                                      .cause = draft.options.cause,
                                      .correlation = draft.options.correlation},
                                     slot);
    Envelope& envelope = *made;
    Handover handover(subscribers);
    // A queued handler may run, and destroy the bus, before this thread has left it.
    frame.keep_alive = shared_from_this();
    Receipt receipt{.outcome = Outcome::not_kept};
    EvictedRecords evicted;
    {
        const std::lock_guard lock(ledger.mutex);
        const bool as_prepared = state_.load(std::memory_order_relaxed) == State::open &&
                                 topic.has_still(subscribers) &&
                                 topic.knows_retention(ledger.history_version.load(std::memory_order_relaxed));
        const Topic::Keeping keeping = topic.keeping.load(std::memory_order_relaxed);
        const bool kept = keeping == Topic::Keeping::kept;
        if (as_prepared && (!kept || ledger.history.keeps_whole(*topic.rule, envelope)) && handover.prepare_locked())
            [[likely]] {
            Container* const container = kept ? &ledger.history.container_for(*topic.rule, envelope) : nullptr;
            // From here on nothing throws.
            receipt.seq = ledger.next_seq_locked();
            envelope.seq = receipt.seq;
            handover.push_locked(envelope, kept ? 2 : 1);
            if (kept) {
                ledger.history.append(envelope, *container, evicted);
                hub_hand_over::prefetch_next_to_leave(container->ring);
                receipt.outcome = Outcome::recorded;
            } else if (keeping == Topic::Keeping::counted) {
                ++topic.rule->refused;
            }
        }
    }
    if (receipt.seq == 0) [[unlikely]]
        return Emission(*this, frame, topic, true, draft, std::move(made)).run();
    topic.emitted.add(slot);
    handover.finish([&](Node& node) { give_to_executor(frame, node, Record(made)); });
    receipt.queued = handover.queued();
    receipt.dropped = handover.dropped();
    receipt.matched = receipt.queued + receipt.dropped;
    if (subscribers.direct_count > 0) receipt.matched += call_direct_ones(frame, subscribers, Record(made));
    if (receipt.queued > 0) receipt.envelope = std::move(made);
    return receipt;
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_direct_ones(Frame& frame, const Snapshot& subscribers,
                                                                       const Record& record) noexcept {
    Calls calls;
    Running running(frame);
    for (const NodePtr& node : subscribers.direct()) call_direct(running, frame, *node, record, calls);
    return calls.count;
}

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::emit_otherwise(ThreadSlot& slot, Topic& topic,
                                                               const Snapshot& subscribers, const Draft& draft) {
    const bool asks = topic.keeping.load(std::memory_order_relaxed) == Topic::Keeping::asked;
    if (subscribers.needs == Snapshot::Needs::handover && !asks)
        return hand_over_and_call(slot, topic, subscribers, draft);
    return emit_thoroughly(slot, draft);
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/bare_event.hpp>
#include <hindsight/impl/detail/emission.ipp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/hub_hand_over.ipp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

[[gnu::noinline]] HINDSIGHT_INLINE bool Hub::accepts_late(const Frame* top, const Draft& draft) const noexcept {
    if (state_.load(std::memory_order_acquire) == State::closed) return false;
    if (is_library_name(draft.type.name)) return true;
    for (; top != nullptr; top = top->outer) {
        if (&top->engine == this && top->node() != nullptr) return true;
    }
    return false;
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_bare_limited(Frame& frame, Node& node, BareEvent& event,
                                                                        std::uint32_t flags) noexcept {
    Calls calls;
    if ((flags & Node::dead) != 0) return 0;
    if ((flags & Node::paused) != 0) {
        node.skipped_paused.add(frame.slot);
    } else {
        call_limited(
            frame, node, calls, [&] { node.invoke_event(node, event.event()); },
            [&]() -> const Record& { return event.record(); });
    }
    return calls.count;
}

[[gnu::cold, gnu::noinline]] HINDSIGHT_INLINE void Hub::report_bare(Node& node, BareEvent& event) noexcept {
    Calls calls;
    report_current(node, calls, [&]() -> const Record& { return event.record(); });
}

HINDSIGHT_ALWAYS_INLINE std::uint32_t Hub::call_bare(Frame& frame, const Snapshot& subscribers, const Draft& draft,
                                                     Seq seq, const TimePoint* time) noexcept {
    BareEvent event(draft, seq, time, *this);
    frame.bare = &event;
    std::uint32_t count = 0;
    {
        Running running(frame);
        for (const NodePtr& pointer : subscribers.nodes) {
            Node& node = *pointer;
            if (const std::uint32_t flags = running.move_to(node); flags != 0) [[unlikely]] {
                count += call_bare_limited(frame, node, event, flags);
                continue;
            }
            ++count;
            node.delivered.add(frame.slot);
            try {
                node.invoke_event(node, draft.event);
            } catch (...) {
                report_bare(node, event);
            }
        }
    }
    frame.bare = nullptr;
    return count;
}

HINDSIGHT_FLATTEN [[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::record_and_call(ThreadSlot& slot, Topic& topic,
                                                                                  const Snapshot& subscribers,
                                                                                  const Draft& draft) {
    Frame frame(slot, *this, Frame::Outermost());
    Ledger& ledger = *ledger_;
    const bool bare = subscribers.needs == Snapshot::Needs::event && draft.outlasts_recording();
    const Stamp stamp = stamp_of(draft, ledger.origin, [this] { return now(); });
    EnvelopePtr made = make_envelope(draft, stamp, slot);
    Envelope& envelope = *made;
    Seq seq = 0;
    EvictedRecords evicted;
    {
        const std::lock_guard lock(ledger.mutex);
        if (is_as_prepared_locked(topic, subscribers) &&
            topic.keeping.load(std::memory_order_relaxed) == Topic::Keeping::kept &&
            ledger.history.keeps_whole(*topic.rule, envelope)) [[likely]] {
            const History::Place place = ledger.history.place_for(*topic.rule, envelope);
            seq = ledger.next_seq_locked();
            envelope.seq = seq;
            // Nobody else has seen it yet. With bare events this thread needs it no more.
            if (!bare) envelope.references.store(2, std::memory_order_relaxed);
            ledger.history.append(envelope, place, evicted);
        }
    }
    if (seq == 0) [[unlikely]]
        return Emission(*this, frame, topic, true, draft, std::move(made)).run();
    topic.emitted.add(slot);
    Receipt receipt{.seq = seq, .outcome = Outcome::recorded};
    if (bare) {
        made.detach();
        receipt.matched = call_bare(frame, subscribers, draft, seq, &stamp.time);
    } else {
        receipt.matched = call_direct_ones(frame, subscribers, Record(std::move(made)));
    }
    return receipt;
}

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::emit_thoroughly(ThreadSlot& slot, const Draft& draft,
                                                                EnvelopePtr made) {
    if (!accepts(slot.top, draft)) [[unlikely]] {
        refused_closed_.add(slot);
        return {};
    }
    if (nesting_depth(slot) >= options_.max_depth) [[unlikely]] {
        refused_too_deep_.add(slot);
        return {.outcome = Outcome::too_deep};
    }
    check(draft);
    std::unique_ptr<Topic> owned;
    Topic* topic = registry_.find(draft.type);
    if (topic == nullptr) topic = &registry_.look_up(draft, owned);
    Frame frame(slot, *this);
    return Emission(*this, frame, *topic, owned == nullptr, draft, std::move(made)).run();
}

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::unpin_and_emit_thoroughly(ThreadSlot& slot, const Draft& draft) {
    slot.cells.cells[0].snapshot.store(nullptr, std::memory_order_release);
    return emit_thoroughly(slot, draft);
}

// What stands in nobody's way takes fewer steps than an Emission. Inside a handler an event inherits from what the
// handler was given, so it takes the long way. The shortest way is here, where a call would cost as much as its body.
HINDSIGHT_FLATTEN HINDSIGHT_INLINE Receipt Hub::emit(const Draft& draft) {
    ThreadSlot& slot = ThreadSlot::current();
    Topic* const topic = registry_.find(draft.type);
    if (topic == nullptr || slot.top != nullptr || state_.load(std::memory_order_acquire) != State::open) [[unlikely]]
        return emit_thoroughly(slot, draft);
    check(draft);
    const Snapshot& subscribers = *registry_.pin_current(slot.cells.cells[0], *topic);
    if (!topic->knows_retention(ledger_->history_version.load(std::memory_order_acquire))) [[unlikely]]
        return unpin_and_emit_thoroughly(slot, draft);
    const Topic::Keeping keeping = topic->keeping.load(std::memory_order_relaxed);
    if (keeping == Topic::Keeping::kept && subscribers.needs <= Snapshot::Needs::record) {
        return record_and_call(slot, *topic, subscribers, draft);
    }
    if (keeping != Topic::Keeping::none || subscribers.needs != Snapshot::Needs::event || !draft.outlasts_recording())
        [[unlikely]]
        return emit_otherwise(slot, *topic, subscribers, draft);
    Frame frame(slot, *this, Frame::Outermost());
    const Seq seq = ledger_->next_seq();
    topic->emitted.add(slot);
    return {.seq = seq, .outcome = Outcome::not_kept, .matched = call_bare(frame, subscribers, draft, seq, nullptr)};
}

HINDSIGHT_INLINE Receipt Hub::emit_made(const Draft& draft, EnvelopePtr made) {
    return emit_thoroughly(ThreadSlot::current(), draft, std::move(made));
}

HINDSIGHT_INLINE Receipt emit(Hub& hub, const Draft& draft) {
    return hub.emit(draft);
}

}  // namespace hindsight::detail

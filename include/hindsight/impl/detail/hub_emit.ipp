#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/emission.ipp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/bare_event.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE bool Hub::accepts_late(const Frame* top, const Draft& draft) const noexcept {
    if (state_.load(std::memory_order_acquire) == State::closed) return false;
    if (is_library_name(draft.type.name)) return true;
    for (; top != nullptr; top = top->outer) {
        if (&top->engine == this && top->node != nullptr) return true;
    }
    return false;
}

[[gnu::cold]] HINDSIGHT_INLINE Receipt Hub::emit_to_new_topic(ThreadSlot& slot, const Draft& draft) {
    std::unique_ptr<Topic> owned;
    Topic& topic = registry_.look_up(draft, owned);
    Frame frame(slot, *this);
    return Emission(*this, frame, topic, owned == nullptr, draft).run();
}

HINDSIGHT_ALWAYS_INLINE Receipt Hub::call_bare(Frame& frame, Topic& topic, const Snapshot& subscribers,
                                               const Draft& draft, Receipt receipt) noexcept {
    BareEvent event(draft, receipt.seq, *this);
    Calls calls;
    frame.bare = &event;
    {
        Running running(frame);
        for (const NodePtr& pointer : subscribers.nodes) {
            Node& node = *pointer;
            if (const std::uint32_t flags = running.move_to(node); flags != 0) [[unlikely]] {
                if ((flags & Node::dead) == 0) node.skipped_paused.add(frame.slot);
                continue;
            }
            call(
                frame, node, calls, [&] { node.invoke_event(node, draft.event); },
                [&]() -> const Record& { return event.record(); });
        }
    }
    frame.bare = nullptr;
    topic.emitted.add(frame.slot);
    receipt.matched = calls.count;
    return receipt;
}

HINDSIGHT_ALWAYS_INLINE Receipt Hub::record_and_call(Frame& frame, Topic& topic,
                                                                              const Snapshot& subscribers,
                                                                              std::uint64_t history_version,
                                                                              const Draft& draft) {
    const Stamp stamp{.time = draft.options.time ? *draft.options.time : now(),
                      .origin = ledger_->origin,
                      .cause = draft.options.cause,
                      .correlation = draft.options.correlation};
    EnvelopePtr made = make_envelope(draft, stamp, frame.slot);
    Envelope& envelope = *made;
    const bool bare = subscribers.plain && draft.outlasts_recording();
    Seq seq = 0;
    EvictedRecords evicted;
    {
        const std::lock_guard lock(ledger_->mutex);
        const bool as_prepared = state_.load(std::memory_order_relaxed) == State::open &&
                                 topic.has_still(subscribers) &&
                                 ledger_->history_version.load(std::memory_order_relaxed) == history_version;
        if (as_prepared && ledger_->history.keeps_whole(*topic.rule, envelope)) [[likely]] {
            Container& container = ledger_->history.container_for(*topic.rule, envelope);
            seq = ledger_->next_seq_locked();
            envelope.seq = seq;
            // Nobody else has seen it yet. With bare events this thread needs it no more.
            envelope.references.store(bare ? 1 : 2, std::memory_order_relaxed);
            ledger_->history.append(envelope, container, evicted);
        }
    }
    if (seq == 0) [[unlikely]] return Emission(*this, frame, topic, true, draft, std::move(made)).run();
    const Receipt receipt{.seq = seq, .outcome = Outcome::recorded};
    if (bare) {
        made.detach();
        return call_bare(frame, topic, subscribers, draft, receipt);
    }
    return call_with_record(frame, topic, subscribers, Record(std::move(made)), receipt);
}

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Hub::call_with_record(Frame& frame, Topic& topic, const Snapshot& subscribers,
                                               const Record& record, Receipt receipt) noexcept {
    Calls calls;
    {
        Running running(frame);
        for (const NodePtr& node : subscribers.nodes) call_direct(running, frame, *node, record, calls);
    }
    topic.emitted.add(frame.slot);
    receipt.matched = calls.count;
    return receipt;
}

[[gnu::flatten]] HINDSIGHT_INLINE Receipt Hub::emit(const Draft& draft) {
    ThreadSlot& slot = ThreadSlot::current();
    if (!accepts(slot.top, draft)) [[unlikely]] {
        refused_closed_.add(slot);
        return {};
    }
    if (slot.depth >= options_.max_depth) [[unlikely]] {
        refused_too_deep_.add(slot);
        return {.outcome = Outcome::too_deep};
    }
    check(draft);
    Topic* const topic = registry_.find(draft.type);
    if (topic == nullptr) [[unlikely]] return emit_to_new_topic(slot, draft);
    Frame frame(slot, *this);
    const std::uint64_t history_version = ledger_->history_version.load(std::memory_order_acquire);
    const Snapshot& subscribers = *registry_.pin_current(frame, *topic);

    // What stands in nobody's way takes fewer steps than an Emission. Inside a handler an event inherits from what the
    // handler was given, so it takes the long way.
    const bool is_simple = frame.outer == nullptr && subscribers.direct_only() &&
                           topic->knows_retention(history_version) && options_.errors == ErrorPolicy::isolate;
    if (!is_simple) [[unlikely]] return Emission(*this, frame, *topic, true, draft).run();
    if (!topic->tracked.load(std::memory_order_relaxed)) {
        if (!subscribers.plain || !draft.outlasts_recording()) return Emission(*this, frame, *topic, true, draft).run();
        return call_bare(frame, *topic, subscribers, draft, {.seq = ledger_->next_seq(), .outcome = Outcome::not_kept});
    }
    return record_and_call(frame, *topic, subscribers, history_version, draft);
}

HINDSIGHT_INLINE Receipt emit(Hub& hub, const Draft& draft) {
    return hub.emit(draft);
}

}  // namespace hindsight::detail

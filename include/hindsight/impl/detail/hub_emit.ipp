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

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_bare_limited(ThreadSlot& slot, Node& node, BareEvent& event,
                                                                        std::uint32_t flags) noexcept {
    Calls calls;
    if ((flags & Node::dead) != 0) return 0;
    if ((flags & Node::skipping) != 0 && !goes_on(node)) {
        node.skipped_paused.add(slot);
    } else {
        call_limited(
            *slot.top, node, calls, [&] { node.invoke_event(node, event.event()); },
            [&]() -> const Record& { return event.record(); });
    }
    return calls.count;
}

[[gnu::cold, gnu::noinline]] HINDSIGHT_INLINE void Hub::report_bare(Node& node, BareEvent& event) noexcept {
    Calls calls;
    report_current(node, calls, [&]() -> const Record& { return event.record(); });
}

template <bool quick>
HINDSIGHT_ALWAYS_INLINE std::uint32_t Hub::call_each_bare(ThreadSlot& slot, const Snapshot& subscribers,
                                                          BareEvent& event) noexcept {
    Running running(slot.cells.cells[0], quick || asymmetric_fence);
    const unsigned index = slot.index;
    const void* const given = event.event();
    const NodePtr* next = subscribers.nodes.data();
    const NodePtr* const end = next + subscribers.nodes.size();
    auto count = static_cast<std::uint32_t>(subscribers.nodes.size());
    for (;;) {
        // Around the loop rather than in it, where compilers take what follows a call for unlikely.
        try {
            while (next != end) {
                Node& node = **next++;
                if (const std::uint32_t flags = running.move_to(node); flags != 0) [[unlikely]] {
                    count -= 1 - call_bare_limited(slot, node, event, flags);
                    continue;
                }
                if constexpr (quick) {
                    node.delivered.add_to_own(index);
                } else {
                    node.delivered.add(slot);
                }
                node.invoke_event(node, given);
            }
            return count;
        } catch (...) {
            report_bare(*next[-1], event);
        }
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t
Hub::call_each_bare_slowly(ThreadSlot& slot, const Snapshot& subscribers, BareEvent& event) noexcept {
    return call_each_bare<false>(slot, subscribers, event);
}

HINDSIGHT_ALWAYS_INLINE std::uint32_t Hub::call_bare(Frame& frame, ThreadSlot& slot, const Snapshot& subscribers,
                                                     const Draft& draft, Seq seq, TimePoint time) noexcept {
    BareEvent event(draft, seq, time, *this);
    frame.bare = &event;
    const bool quick = asymmetric_fence && Counter::has_own_cell(slot);
    const std::uint32_t count =
        quick ? call_each_bare<true>(slot, subscribers, event) : call_each_bare_slowly(slot, subscribers, event);
    frame.bare = nullptr;
    return count;
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::call_without_record(ThreadSlot& slot, Topic& topic,
                                                                 const Snapshot& subscribers, const Draft& draft,
                                                                 Receipt& receipt) {
    Frame frame(slot, *this, Frame::Outermost());
    if (!draft.brief) [[unlikely]]
        check_texts(draft);
    receipt.seq = ledger_->next_seq();
    receipt.outcome = Outcome::not_kept;
    topic.emitted.add(slot);
    receipt.matched = call_bare(frame, slot, subscribers, draft, receipt.seq, BareEvent::no_time);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::record_and_call(ThreadSlot& slot, Topic& topic,
                                                             const Snapshot& subscribers, const Draft& draft,
                                                             Receipt& receipt) {
    Frame frame(slot, *this, Frame::Outermost());
    if (!draft.brief) [[unlikely]]
        check_texts(draft);
    Ledger& ledger = *ledger_;
    const bool bare = subscribers.needs == Snapshot::Needs::event && draft.outlasts_recording();
    const TimePoint time = time_of(draft, [this] { return now(); });
    Envelope* recorded = nullptr;
    {
        EvictedRecords evicted;
        EnvelopePtr made = make_envelope_outside(draft, time, ledger.origin, slot);
        {
            const LedgerLock lock(ledger.mutex);
            if (is_as_prepared_locked(topic, subscribers) &&
                topic.keeping.load(std::memory_order_relaxed) == Topic::Keeping::kept &&
                ledger.history.takes_whole(*made)) [[likely]] {
                const History::Place place = ledger.history.place_for(*topic.rule, *made);
                recorded = made.detach();
                recorded->seq = ledger.next_seq_locked();
                // Nobody else has seen it yet. With bare events this thread needs it no more.
                if (!bare) recorded->holders.store(2 * Envelope::one_reference, std::memory_order_relaxed);
                receipt.seq = recorded->seq;
                ledger.history.append(*recorded, place, evicted);
            }
        }
        if (recorded == nullptr) [[unlikely]]
            return emit_made_thoroughly(frame, topic, draft, std::move(made), receipt);
    }
    receipt.outcome = Outcome::recorded;
    topic.emitted.add(slot);
    if (bare) {
        receipt.matched = call_bare(frame, slot, subscribers, draft, receipt.seq, time);
    } else {
        receipt.matched = call_direct_ones(frame, subscribers, Record(EnvelopePtr(recorded)));
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_made_thoroughly(Frame& frame, Topic& topic, const Draft& draft,
                                                                  EnvelopePtr made, Receipt& receipt) {
    receipt = Emission(*this, frame, topic, true, draft, std::move(made)).run();
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_thoroughly(const Draft& draft, Receipt& receipt) {
    emit_made(draft, EnvelopePtr(), receipt);
}

HINDSIGHT_INLINE void Hub::emit_made(const Draft& draft, EnvelopePtr made, Receipt& receipt, Record* emitted) {
    ThreadSlot& slot = ThreadSlot::current();
    if (!accepts(slot.top, draft)) [[unlikely]] {
        refused_closed_.add(slot);
        return;
    }
    if (nesting_depth(slot) >= options_.max_depth) [[unlikely]] {
        refused_too_deep_.add(slot);
        receipt.outcome = Outcome::too_deep;
        return;
    }
    std::shared_ptr<ScopeEntry> scope;  // user code may end it
    if (!draft.scope().empty()) scope = registry_.find_scope(draft.scope());
    std::unique_ptr<Topic> owned;
    Topic* topic = registry_.find(draft, scope.get());
    if (topic == nullptr) check_name(draft);
    check_texts(draft);
    if (topic == nullptr) topic = &registry_.look_up(draft, owned, scope.get());
    Frame frame(slot, *this);
    Emission emission(*this, frame, *topic, owned == nullptr, draft, std::move(made));
    if (emitted == nullptr) {
        receipt = emission.run();
    } else {
        receipt = emission.run_and_tell(*emitted);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::unpin_and_emit_thoroughly(ThreadSlot& slot, const Draft& draft,
                                                                       Receipt& receipt) {
    slot.cells.cells[0].snapshot.store(nullptr, std::memory_order_release);
    emit_thoroughly(draft, receipt);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::collect_and_emit(ThreadSlot& slot, Topic& topic, const Draft& draft,
                                                              Receipt& receipt) {
    const Snapshot& subscribers = *registry_.pin_current(slot.cells.cells[0], topic);
    emit_to(slot, topic, subscribers, draft, receipt);
}

HINDSIGHT_ALWAYS_INLINE void Hub::emit_to(ThreadSlot& slot, Topic& topic, const Snapshot& subscribers,
                                          const Draft& draft, Receipt& receipt) {
    if (!topic.knows_retention(ledger_->history_version.load(std::memory_order_acquire))) [[unlikely]]
        return unpin_and_emit_thoroughly(slot, draft, receipt);
    const Topic::Keeping keeping = topic.keeping.load(std::memory_order_relaxed);
    if (keeping == Topic::Keeping::kept && subscribers.needs <= Snapshot::Needs::record)
        return record_and_call(slot, topic, subscribers, draft, receipt);
    if (keeping == Topic::Keeping::none && subscribers.needs == Snapshot::Needs::event && draft.outlasts_recording())
        return call_without_record(slot, topic, subscribers, draft, receipt);
    emit_otherwise(slot, topic, subscribers, draft, receipt);
}

// What stands in nobody's way takes fewer steps than an Emission. Inside a handler an event inherits from what the
// handler was given, so it takes the long way. All that is called here is called last, and so needs no stack.
HINDSIGHT_ALWAYS_INLINE void Hub::emit_to_topic(Topic* topic, const Draft& draft, Receipt& receipt) {
    ThreadSlot* const slot = ThreadSlot::current_or_null();
    if (slot == nullptr || topic == nullptr || slot->top != nullptr ||
        state_.load(std::memory_order_acquire) != State::open) [[unlikely]]
        return emit_thoroughly(draft, receipt);
    const Snapshot* const subscribers = pin(slot->cells.cells[0], topic->current);
    if (subscribers == nullptr) [[unlikely]]
        return collect_and_emit(*slot, *topic, draft, receipt);
    emit_to(*slot, *topic, *subscribers, draft, receipt);
}

HINDSIGHT_ALWAYS_INLINE void Hub::emit(const Draft& draft, Receipt& receipt) {
    emit_to_topic(registry_.find(draft.type), draft, receipt);
}

HINDSIGHT_INLINE void emit(Hub& hub, const Draft& draft, Receipt& receipt) {
    hub.emit(draft, receipt);
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/bare_event.hpp>
#include <hindsight/impl/detail/emission.ipp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/hub_hand_over.ipp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace hindsight::detail {

[[gnu::noinline]] HINDSIGHT_INLINE bool Hub::accepts_late(const Frame* top, const Draft& draft) const noexcept {
    if (is_library_name(draft.type.name)) return state_.load(std::memory_order_acquire) != State::closed;
    return accepts_from_handler(top);
}

HINDSIGHT_INLINE bool Hub::accepts_from_handler(const Frame* top) const noexcept {
    if (state_.load(std::memory_order_acquire) == State::closed) return false;
    for (; top != nullptr; top = top->outer) {
        if (top->engine == this && top->node() != nullptr) return true;
    }
    return false;
}

namespace hub_emit {

// The flags that a walk compares as those of the node before its first.
inline constinit const std::atomic<std::uint32_t> no_flags{0};

/// The hub whose handlers a frame calls with bare events.
inline Hub& hub_of(const Frame& frame) noexcept {
    return const_cast<Hub&>(static_cast<const Hub&>(*frame.engine));
}

}  // namespace hub_emit

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_bare_limited(ThreadSlot& slot, Node& node,
                                                                        std::uint32_t flags) noexcept {
    Frame& frame = slot.outermost;
    Hub& hub = hub_emit::hub_of(frame);
    Calls calls;
    if ((flags & Node::dead) != 0) return 0;
    if ((flags & Node::skipping) != 0 && !hub.goes_on(node)) {
        node.skipped_paused.add(slot);
    } else {
        hub.call_limited(
            frame, node, calls, [&] { node.invoke_event(node, frame.bare.draft->event); },
            [&]() -> const Record& { return record_of_bare(frame); });
    }
    return calls.count;
}

[[gnu::cold, gnu::noinline]] HINDSIGHT_INLINE void Hub::report_bare(ThreadSlot& slot, Node& node) noexcept {
    Frame& frame = slot.outermost;
    Calls calls;
    hub_emit::hub_of(frame).report_current(node, calls, [&]() -> const Record& { return record_of_bare(frame); });
}

[[gnu::noinline]] HINDSIGHT_INLINE bool Hub::move_on_bare(ThreadSlot& slot, Node* left, Node& node) noexcept {
    if (left != nullptr && left->has(Node::dead)) runner_left(*left);
    const std::uint32_t flags = fenced_load(node.flags);
    if (flags != 0) return call_bare_limited(slot, node, flags) != 0;
    node.delivered.add(slot);
    try {
        node.invoke_event(node, slot.outermost.bare.draft->event);
    } catch (...) {
        report_bare(slot, node);
    }
    return true;
}

// What `Running` does (see quiescence.hpp), with one look at the flags of both the node that was left and the next one.
template <bool quick>
HINDSIGHT_ALWAYS_INLINE std::uint32_t Hub::call_each_bare(ThreadSlot& slot, const Snapshot& subscribers) noexcept {
    std::atomic<Node*>& cell = slot.cells.cells[0].node;
    const bool asymmetric = quick || asymmetric_fence;
    const unsigned index = slot.index;
    const void* const given = slot.outermost.bare.draft->event;
    const NodePtr* next = subscribers.nodes.data();
    const NodePtr* const end = next + subscribers.direct_count;
    auto count = static_cast<std::uint32_t>(subscribers.direct_count);
    const std::atomic<std::uint32_t>* left = &hub_emit::no_flags;
    for (;;) {
        // Around the loop rather than in it, where compilers take what follows a call for unlikely.
        try {
            while (next != end) {
                Node& node = **next++;
                publish(cell, &node, asymmetric);
                const std::uint32_t flags = fenced_load(*left) | fenced_load(node.flags);
                left = &node.flags;
                if (flags != 0) [[unlikely]] {
                    Node* const before = next - 1 != subscribers.nodes.data() ? next[-2].get() : nullptr;
                    if (!move_on_bare(slot, before, node)) --count;
                    continue;
                }
                if constexpr (quick) {
                    node.delivered.add_to_own(index);
                } else {
                    node.delivered.add(slot);
                }
                node.invoke_event(node, given);
            }
            break;
        } catch (...) {
            report_bare(slot, *next[-1]);
        }
    }
    if (left != &hub_emit::no_flags) {
        publish<Node*>(cell, nullptr, asymmetric);
        if ((fenced_load(*left) & Node::dead) != 0) [[unlikely]]
            runner_left(*next[-1]);
    }
    return count;
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_each_bare_quickly(ThreadSlot& slot,
                                                                             const Snapshot& subscribers) noexcept {
    return call_each_bare<true>(slot, subscribers);
}

[[gnu::noinline]] HINDSIGHT_INLINE std::uint32_t Hub::call_each_bare_slowly(ThreadSlot& slot,
                                                                            const Snapshot& subscribers) noexcept {
    return call_each_bare<false>(slot, subscribers);
}

HINDSIGHT_ALWAYS_INLINE void Hub::call_one_bare(ThreadSlot& slot, Node& node, const void* given,
                                                Receipt& receipt) noexcept {
    receipt.matched = 1;
    Running running(slot.cells.cells[0], true);
    if (const std::uint32_t flags = running.move_to(node); flags != 0) [[unlikely]] {
        receipt.matched = call_bare_limited(slot, node, flags);
        return;
    }
    node.delivered.add_to_own(slot.index);
    try {
        node.invoke_event(node, given);
    } catch (...) {
        report_bare(slot, node);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::call_only_one(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                           Topic& topic, const Snapshot& subscribers) {
    const Seq seq = ledger_->next_seq_of_favourite(slot);
    if (seq == 0) [[unlikely]]
        return call_without_record<true>(draft, receipt, slot, topic, subscribers);
    const OutermostFrame frame(slot, *this, &draft);
    slot.outermost.bare.seq = seq;
    slot.outermost.bare.time = BareEvent::no_time;
    receipt.seq = seq;
    receipt.outcome = Outcome::not_kept;
    topic.emitted.add_to_own(slot.index);
    call_one_bare(slot, *subscribers.nodes.front(), draft.event, receipt);
}

template <bool quick>
[[gnu::noinline]] HINDSIGHT_INLINE void Hub::call_without_record(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                                 Topic& topic, const Snapshot& subscribers) {
    const OutermostFrame frame(slot, *this, &draft);
    if constexpr (!quick) check_texts(draft);
    receipt.seq = ledger_->next_seq(slot);
    receipt.outcome = Outcome::not_kept;
    frame->bare.seq = receipt.seq;
    frame->bare.time = BareEvent::no_time;
    topic.emitted.add(slot);
    receipt.matched = call_each_bare<quick>(slot, subscribers);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::record_alike_and_call(const Draft& draft, Receipt& receipt,
                                                                   ThreadSlot& slot, Topic& topic,
                                                                   const Snapshot& subscribers) {
    Envelope* const made = slot.spare.take(draft.type, draft.type.identity);
    if (made == nullptr) [[unlikely]]
        return record_and_call(draft, receipt, slot, topic, subscribers);
    const OutermostFrame frame(slot, *this);
    Ledger& ledger = *ledger_;
    slot.outermost.bare.time = now();
    make_envelope_of_spare(*made, draft, slot.outermost.bare.time, ledger.origin);
    Envelope* evicted = nullptr;
    {
        const EmitLock lock(ledger.mutex, slot);
        if (is_kept_as_prepared_locked(topic, subscribers)) [[likely]] {
            evicted = ledger.history.append_for_alike(*topic.rule, *made);
            if (evicted != nullptr) [[likely]]
                made->seq = slot.outermost.bare.seq = ledger.next_seq_locked();
        }
    }
    if (evicted == nullptr) [[unlikely]] {
        count_payload(*made, slot);
        return record_made_and_call(draft, receipt, slot, topic, subscribers, EnvelopePtr(made));
    }
    receipt.seq = slot.outermost.bare.seq;
    receipt.outcome = Outcome::recorded;
    // There are as many payloads as before once the other is destroyed. Who wants to know whether there are any, to
    // unload what they came from, does not find the code in use that this thread is in.
    if (references_in(evicted->holders.load(std::memory_order_acquire)) == 1) [[likely]] {
        if (draft.type.destroy != nullptr) draft.type.destroy(const_cast<void*>(evicted->payload()));
        // User code, here and in the copy above, may have left another spare.
        if (!slot.spare.keep(*evicted, evicted->of_slab, draft.type, draft.type.identity)) [[unlikely]]
            envelope::free(evicted);
    } else {
        count_payload(*evicted, slot);
        release(evicted);
    }
    topic.emitted.add_to_own(slot.index);
    slot.outermost.bare.draft = &draft;
    if (subscribers.needs == Snapshot::Needs::one_event) {
        call_one_bare(slot, *subscribers.nodes.front(), draft.event, receipt);
    } else {
        receipt.matched = call_each_bare_quickly(slot, subscribers);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::record_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                             Topic& topic, const Snapshot& subscribers) {
    const OutermostFrame frame(slot, *this);
    if (!draft.brief) [[unlikely]]
        check_texts(draft);
    const TimePoint time = time_of(draft, [this] { return now(); });
    record_made_and_call(draft, receipt, slot, topic, subscribers,
                         make_envelope_outside(draft, time, ledger_->origin, slot));
}

HINDSIGHT_INLINE void Hub::record_made_and_call(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                                                const Snapshot& subscribers, EnvelopePtr made) {
    Frame& frame = slot.outermost;
    Ledger& ledger = *ledger_;
    const bool bare = subscribers.needs <= Snapshot::Needs::event && draft.outlasts_recording();
    const TimePoint time = made->time;
    Envelope* recorded = nullptr;
    {
        EvictedRecords evicted;
        {
            const EmitLock lock(ledger.mutex, slot);
            if (is_kept_as_prepared_locked(topic, subscribers) && ledger.history.takes_whole(*made)) [[likely]] {
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
        frame.bare = {&draft, receipt.seq, time};
        receipt.matched = &slot == ThreadSlot::quick_or_null() ? call_each_bare_quickly(slot, subscribers)
                                                               : call_each_bare_slowly(slot, subscribers);
    } else {
        receipt.matched = call_direct_ones(frame, subscribers, Record(EnvelopePtr(recorded)));
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_made_thoroughly(Frame& frame, Topic& topic, const Draft& draft,
                                                                  EnvelopePtr made, Receipt& receipt) {
    // The thread keeps this frame: what a throw leaves in it would be taken for what a handler was given.
    struct Restore {
        Frame& frame;
        ~Restore() { frame.record = nullptr; }
    } const restore{frame};
    receipt = Emission(*this, frame, topic, true, draft, std::move(made)).run();
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_thoroughly(const Draft& draft, Receipt& receipt) {
    emit_made(draft, EnvelopePtr(), receipt);
}

HINDSIGHT_INLINE void Hub::emit_made(const Draft& draft, EnvelopePtr made, Receipt& receipt, Record* emitted) {
    if (!draft.scope().empty()) [[unlikely]]
        return emit_made_in_scope(draft, std::move(made), receipt, emitted);
    emit_made_in(nullptr, draft, std::move(made), receipt, emitted);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_made_in_scope(const Draft& draft, EnvelopePtr made, Receipt& receipt,
                                                                Record* emitted) {
    const std::shared_ptr<ScopeEntry> scope = registry_.find_scope(draft.scope());  // user code may end it
    emit_made_in(scope.get(), draft, std::move(made), receipt, emitted);
}

HINDSIGHT_ALWAYS_INLINE void Hub::emit_made_in(ScopeEntry* scope, const Draft& draft, EnvelopePtr made,
                                               Receipt& receipt, Record* emitted) {
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
    std::unique_ptr<Topic> owned;
    Topic* topic = registry_.find(draft, scope);
    if (topic == nullptr) check_name(draft);
    check_texts(draft);
    if (topic == nullptr) topic = &registry_.look_up(draft, owned, scope);
    Frame frame(slot, *this);
    Emission emission(*this, frame, *topic, owned == nullptr, draft, std::move(made));
    if (emitted == nullptr) {
        receipt = emission.run();
    } else {
        receipt = emission.run_and_tell(*emitted);
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::unpin_and_emit_thoroughly(const Draft& draft, Receipt& receipt,
                                                                       ThreadSlot& slot) {
    slot.cells.cells[0].snapshot.store(nullptr, std::memory_order_release);
    emit_thoroughly(draft, receipt);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::collect_and_emit(const Draft& draft, Receipt& receipt, ThreadSlot& slot,
                                                              Topic& topic) {
    const Snapshot& subscribers = *registry_.pin_current(slot.cells.cells[0], topic);
    emit_to<false>(draft, receipt, slot, topic, subscribers);
}

template <bool quick>
HINDSIGHT_ALWAYS_INLINE void Hub::emit_to(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic,
                                          const Snapshot& subscribers) {
    const Topic::Keeping keeping = topic.keeping_at(ledger_->history_version.load(std::memory_order_acquire));
    if (keeping == Topic::Keeping::none) {
        if (subscribers.needs == Snapshot::Needs::one_event && draft.simple && quick)
            return call_only_one(draft, receipt, slot, topic, subscribers);
        if (subscribers.needs <= Snapshot::Needs::event && draft.simple && quick)
            return call_without_record<true>(draft, receipt, slot, topic, subscribers);
    } else if (keeping == Topic::Keeping::kept && subscribers.needs <= Snapshot::Needs::record) {
        if (subscribers.needs <= Snapshot::Needs::event && draft.simple && quick)
            return record_alike_and_call(draft, receipt, slot, topic, subscribers);
        return record_and_call(draft, receipt, slot, topic, subscribers);
    }
    emit_otherwise(draft, receipt, slot, topic, subscribers);
}

template <bool quick>
HINDSIGHT_ALWAYS_INLINE void Hub::emit_outside(const Draft& draft, Receipt& receipt, ThreadSlot& slot, Topic& topic) {
    if (slot.top != nullptr || state_.load(std::memory_order_acquire) != State::open) [[unlikely]]
        return emit_thoroughly(draft, receipt);
    const Snapshot* const subscribers = pin_once(slot.cells.cells[0], topic.current, quick || asymmetric_fence);
    if (subscribers == nullptr) [[unlikely]]
        return collect_and_emit(draft, receipt, slot, topic);
    emit_to<quick>(draft, receipt, slot, topic, *subscribers);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::emit_to_topic(Topic* topic, const Draft& draft, Receipt& receipt) {
    ThreadSlot* const slot = ThreadSlot::current_or_null();
    if (slot == nullptr || topic == nullptr) [[unlikely]]
        return emit_thoroughly(draft, receipt);
    emit_outside<false>(draft, receipt, *slot, *topic);
}

[[gnu::noinline]] HINDSIGHT_INLINE void Hub::find_and_emit(const Draft& draft, Receipt& receipt) {
    if (draft.type.self_named) return emit_thoroughly(draft, receipt);  // no table of types knows it
    emit_to_topic(registry_.find(draft.type), draft, receipt);
}

// What stands in nobody's way takes fewer steps than an Emission. Inside a handler an event inherits from what the
// handler was given, so it takes the long way. All that is called here is called last, and so needs no stack.
HINDSIGHT_ALWAYS_INLINE void Hub::emit(const Draft& draft, Receipt& receipt) {
    ThreadSlot* const slot = ThreadSlot::quick_or_null();
    if (slot == nullptr) [[unlikely]]
        return find_and_emit(draft, receipt);
    Topic* const topic = registry_.find_quickly(draft.type);
    if (topic == nullptr) [[unlikely]]
        return find_and_emit(draft, receipt);
    emit_outside<true>(draft, receipt, *slot, *topic);
}

HINDSIGHT_INLINE void emit(Hub& hub, const Draft& draft, Receipt& receipt) {
    hub.emit(draft, receipt);
}

}  // namespace hindsight::detail

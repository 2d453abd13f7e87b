#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/impl/detail/await_deliveries.hpp>
#include <hindsight/impl/detail/batch.hpp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/inherit.hpp>
#include <hindsight/impl/detail/interception.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/impl/detail/room_wait.ipp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Batch::Batch(Hub& hub, Frame& frame, std::size_t expected, ScopeEntry* scope)
    : hub_(hub), ledger_(*hub.ledger_), frame_(frame), scope_(scope), room_(frame) {
    items_.reserve(expected);
}

HINDSIGHT_INLINE void Batch::take(const Draft& draft) {
    const bool is_plain_next = draft.brief && !groups_.empty();
    const std::uint32_t group = is_plain_next ? 0 : group_of(draft);
    if (items_.empty()) time_ = hub_.now();
    const TimePoint time = time_of(draft, [this] { return time_; });
    const Envelope* const last = is_plain_next ? &items_.back().whole() : nullptr;
    EnvelopePtr made;
    if (last != nullptr && last->type == &draft.type && is_plain(*last)) {
        made = make_envelope_after(*last, draft, time, frame_.slot);
    } else if (frame_.outer == nullptr) {
        made = make_envelope_outside(draft, time, ledger_.origin, frame_.slot);
    } else {
        Stamp stamp = stamp_of(draft, time, ledger_.origin);
        inherit(stamp, frame_.outer, hub_);
        made = make_envelope(draft, stamp, frame_.slot);
    }
    items_.push_back({.record = Record(std::move(made)), .group = group, .index = taken_++});
    ++groups_[group].count;
    groups_[group].largest = std::max(groups_[group].largest, draft.payload_bytes);
}

HINDSIGHT_INLINE std::uint32_t Batch::group_of(const Draft& draft) {
    check_texts(draft);
    if (!draft.type.self_named && !groups_.empty()) return 0;
    std::unique_ptr<Topic> owned;
    Topic* topic = hub_.registry_.find(draft, scope_);
    if (topic == nullptr) {
        check_name(draft);
        topic = &hub_.registry_.look_up(draft, owned, scope_);
    }
    if (draft.type.self_named && owned == nullptr) {
        const auto [known, is_new] = groups_by_topic_.try_emplace(topic, static_cast<std::uint32_t>(groups_.size()));
        if (!is_new) return known->second;
    }
    Group& group = groups_.emplace_back();
    group.topic = topic;
    group.owned = std::move(owned);
    return static_cast<std::uint32_t>(groups_.size() - 1);
}

HINDSIGHT_INLINE void Batch::run(BatchReceipt& receipt) {
    receipt.outcome = Outcome::not_kept;
    for (;;) {
        if (items_.empty()) break;
        look_at_subscribers();
        if (intercept(receipt)) {
            // The end of a bus ends its middleware, too: nothing may get past it.
            if (hub_.accepts_from(frame_.outer)) continue;
            hub_.refused_closed_.add(frame_.slot, items_.size());
            receipt.outcome = Outcome::closed;
            return;
        }
        prepare();
        switch (commit(receipt)) {
        case Commit::done:
            deliver(receipt);
            return finish(receipt);
        case Commit::again:
            break;
        case Commit::wait:
            room_.wait();
            break;
        case Commit::closed:
            hub_.refused_closed_.add(frame_.slot, items_.size());
            receipt.outcome = Outcome::closed;
            return;
        }
    }
    if (!receipt.refused.empty()) receipt.outcome = receipt.refused.front().receipt.outcome;
}

HINDSIGHT_INLINE void Batch::look_at_subscribers() {
    const bool several = groups_.size() > 1;
    const std::uint64_t version = hub_.registry_.version();
    const bool changed = std::exchange(subscriptions_, version) != version;
    for (Group& group : groups_) {
        Topic& topic = *group.topic;
        group.history_version = ledger_.history_version.load(std::memory_order_acquire);
        if (!topic.knows_retention(group.history_version)) {
            const std::lock_guard lock(ledger_.mutex);
            topic.look_up_retention_locked(ledger_);
            group.history_version = ledger_.history_version.load(std::memory_order_relaxed);
        }
        group.keeping = topic.keeping_at(group.history_version);
        // Nobody else takes its snapshot from it.
        if (group.owned && changed) topic.current.store(nullptr, std::memory_order_relaxed);
        group.seen = hub_.registry_.pin_current(frame_.cell, topic);
        if (several) group.copy.emplace(*group.seen);
    }
}

HINDSIGHT_INLINE bool Batch::intercept(BatchReceipt& receipt) {
    const auto has_none = [](const Group& each) { return each.subscribers().middleware.empty(); };
    if (std::ranges::all_of(groups_, has_none)) return false;
    bool any = false;
    for (Item& item : items_) {
        if (item.intercepted || groups_[item.group].subscribers().middleware.empty()) continue;
        any = item.intercepted = true;
        if (intercept(item, receipt)) continue;
        --groups_[item.group].count;
        item.record = Record();
    }
    if (any) std::erase_if(items_, [](const Item& item) { return !item.record; });
    return any;
}

HINDSIGHT_INLINE bool Batch::intercept(Item& item, BatchReceipt& receipt) {
    Envelope& made = item.whole();
    const Draft::Texts own{made.name(), made.key()};
    const Draft draft{.type = *made.type,
                      .event = made.payload(),
                      .payload_bytes = made.payload_bytes,
                      .options = default_emit_options,
                      .own = &own,
                      .brief = false,
                      .may_move = false};
    const Stamp stamp{.time = made.time,
                      .origin = made.origin,
                      .cause = made.cause,
                      .correlation = made.correlation(),
                      .flags = static_cast<std::uint8_t>(made.flags & (Envelope::below_error | Envelope::dated))};
    Interception interception(hub_, frame_, draft, stamp, &made);
    if (std::optional<Receipt> refused = interception.run(groups_[item.group].subscribers())) {
        receipt.refused.push_back({item.index, std::move(*refused)});
        return false;
    }
    if (interception.draft().changed()) amend(item, interception.draft().draft());
    return true;
}

HINDSIGHT_INLINE void Batch::amend(Item& item, const Draft& draft) {
    const Record before = std::exchange(item.record, Record());
    Stamp stamp = stamp_of(draft, time_of(draft, [this] { return time_; }), ledger_.origin);
    stamp.cause = before.envelope()->cause;
    stamp.flags = before.envelope()->flags & (Envelope::below_error | Envelope::dated);
    item.record = Record(make_envelope(draft, stamp, frame_.slot));
    groups_[item.group].largest = std::max(groups_[item.group].largest, draft.payload_bytes);
}

HINDSIGHT_INLINE void Batch::prepare() {
    if (hub_.releases_.load(std::memory_order_relaxed)) [[unlikely]] {
        for (const Group& group : groups_) hub_.end_due_quarantines(group.subscribers());
    }
    alike_ = groups_.size() == 1 && is_alike(groups_.front());
    for (Item& item : items_) {
        if (alike_) {
            item.stores = groups_.front().keeping == Topic::Keeping::kept;
        } else {
            prepare(item);
        }
    }
    choose_takers();
    if (!takers_.empty()) {
        awaited_.reserve(items_.size());
        // A queued handler may run, and destroy the bus, before this thread has left it.
        frame_.keep(hub_.shared_from_this());
    }
    if (hub_.options_.errors != ErrorPolicy::rethrow) return;
    std::size_t calls = 0;
    for (const Group& group : groups_) calls += group.count * group.subscribers().direct_count;
    failures_.reserve(calls);
}

/// Not where an earlier round has asked: others may have got hold of records then.
HINDSIGHT_INLINE bool Batch::is_alike(const Group& group) const noexcept {
    const Snapshot& subscribers = group.subscribers();
    const auto was_asked = [](const Item& each) { return each.answers || each.intercepted; };
    return group.largest <= ledger_.max_payload_bytes.load(std::memory_order_relaxed) && !subscribers.filtered &&
           !subscribers.converts && group.keeping != Topic::Keeping::asked && !hub_.options_.watch.unhandled &&
           std::ranges::none_of(items_, was_asked);
}

HINDSIGHT_INLINE void Batch::prepare(Item& item) {
    Group& group = groups_[item.group];
    const Snapshot& subscribers = group.subscribers();
    item.stores = group.keeping == Topic::Keeping::kept;
    if (item.whole().payload_bytes > ledger_.max_payload_bytes.load(std::memory_order_relaxed)) {
        Answers& answers = item.need_answers();
        if (!answers.shortened) answers.shortened = make_without_payload(item.whole());
    } else if (item.answers) {
        item.answers->shortened = EnvelopePtr();
    }
    if (group.keeping == Topic::Keeping::asked) {
        std::uint64_t version = 0;
        item.stores = item.need_answers().policy.ask(ledger_, *group.topic, item.record, version);
        // Older ones have been asked of rules that are gone.
        group.history_version = std::min(group.history_version, version);
    }
    if (subscribers.filtered || subscribers.converts) {
        Answers& answers = item.need_answers();
        if (!answers.filtering) answers.filtering.emplace();
        answers.filtering->ask(frame_, subscribers, item.record, answers.converted);
    } else if (item.answers) {
        item.answers->filtering.reset();
    }
}

HINDSIGHT_INLINE void Batch::choose_takers() {
    takers_.clear();
    takers_by_node_.clear();
    for (Group& group : groups_) {
        group.queued.clear();
        for (const NodePtr& node : group.subscribers().queued()) {
            std::size_t place = takers_.size();
            if (groups_.size() > 1) place = takers_by_node_.try_emplace(node.get(), place).first->second;
            if (place == takers_.size()) takers_.push_back({.node = node});
            group.queued.push_back(place);
            const Snapshot& subscribers = group.subscribers();
            if (!subscribers.filtered && !subscribers.converts) takers_[place].count += group.count;
        }
    }
    for (const Item& item : items_) {
        if (alike_) break;
        if (!item.answers || !item.answers->filtering) continue;
        const Group& group = groups_[item.group];
        for (std::size_t i = 0; i < group.queued.size(); ++i) {
            if (item.passes(group.subscribers().direct_count + i)) ++takers_[group.queued[i]].count;
        }
    }
    std::size_t displaced = 0;
    for (const Taker& taker : takers_) {
        const Overflow overflow = taker.node->mailbox->overflow();
        if (overflow == Overflow::drop_oldest || overflow == Overflow::conflate) displaced += taker.count;
        if (!taker.node->hold_back) continue;
        displaced += taker.count + 2;
        now_ = hub_.own_timetable_->now();
    }
    displaced_.reserve(displaced);
}

HINDSIGHT_INLINE void Batch::deliver(BatchReceipt& receipt) noexcept {
    for (const Group& group : groups_) {
        const bool counts = !group.owned || group.topic->counts_for_bus();
        (counts ? group.topic->emitted : hub_.emitted_by_others_).add(frame_.slot, group.count);
    }
    for (const Taker& taker : takers_) receipt.queued += taker.queued;
    receipt.dropped = dropped_;
    receipt.matched = receipt.queued + receipt.dropped;
    if (receipt.recorded > 0) receipt.outcome = Outcome::recorded;
    for (const Taker& taker : takers_) {
        if (taker.to_wake) hub_.give_to_executor(frame_, *taker.node, Record());
    }
    for (Envelope* each : displaced_) finish_delivery(each);
    if (receipt.queued > 0) hub_.note_progress_of_drain();
    // After these: it may run what is scheduled, which may wait for any of them.
    for (const Taker& taker : takers_) {
        if (taker.node->hold_back) hub_.remind(*taker.node);
    }
    call_direct_handlers(receipt);
}

HINDSIGHT_INLINE void Batch::call_direct_handlers(BatchReceipt& receipt) noexcept {
    const auto has_direct = [](const Group& each) { return each.subscribers().direct_count > 0; };
    if (alike_ && std::ranges::none_of(groups_, has_direct)) return;
    Hub::Calls calls{.failures = hub_.options_.errors == ErrorPolicy::rethrow ? &failures_ : nullptr};
    for (Item& item : items_) {
        const Snapshot& subscribers = groups_[item.group].subscribers();
        const std::uint32_t calls_before = calls.count;
        Running running(frame_);
        for (std::size_t i = 0; i < subscribers.direct_count; ++i) {
            if (!item.passes(i)) continue;
            Node& node = *subscribers.nodes[i];
            const bool converted = subscribers.converts_for(node);
            hub_.call_direct(running, frame_, node, converted ? item.answers->converted.record() : item.record, calls);
        }
        running.stop();
        if (item.answers && item.answers->filtering) {
            item.answers->filtering->count(frame_, [&](Node& node, std::exception_ptr error) {
                hub_.report(node, item.record, std::move(error));
            });
        }
        item.matched += calls.count - calls_before;
        if (item.matched == 0 && hub_.options_.watch.unhandled) hub_.tell_of_unhandled(item.record);
    }
    receipt.matched += calls.count;
}

HINDSIGHT_INLINE void Batch::finish(BatchReceipt& receipt) {
    for (Item& item : items_) {
        if (item.queued > 0) awaited_.push_back(std::move(item.record));
    }
    receipt.waiting = std::move(awaited_);
    if (!failures_.empty()) throw failure_of(receipt);
}

HINDSIGHT_INLINE BatchHandlerFailed Batch::failure_of(BatchReceipt& receipt) noexcept {
    BatchHandlerFailed failed;
    failed.errors = std::move(failures_);
    failed.receipt.seq = receipt.first;
    failed.receipt.outcome = receipt.outcome;
    failed.batch = std::move(receipt);
    return failed;
}

}  // namespace hindsight::detail

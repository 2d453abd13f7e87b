#pragma once

#include <hindsight/detail/completion.hpp>
#include <hindsight/impl/detail/emission.hpp>
#include <hindsight/impl/detail/unrecorded.hpp>

#include <mutex>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Emission::Emission(Hub& hub, Frame& frame, Topic& topic, bool topic_is_shared,
                                    const Draft& draft) noexcept
    : frame_(frame), hub_(hub), ledger_(*hub.ledger_), topic_(topic), topic_is_shared_(topic_is_shared),
      draft_(draft) {}

HINDSIGHT_INLINE Receipt Emission::run() {
    for (;;) {
        prepare();
        switch (commit()) {
        case Commit::done:
            deliver();
            return receipt();
        case Commit::again:
            break;
        case Commit::wait:
            wait_for_room();
            break;
        case Commit::closed:
            hub_.refused_closed_.add(frame_.slot);
            return {};
        }
    }
}

HINDSIGHT_INLINE void Emission::prepare() {
    look_up_retention();
    snapshot_ = hub_.registry_.pin_current(frame_, topic_);
    stores_ = retention_.keeps;
    if (!stores_ && snapshot_->nodes.empty()) return;
    if (!record_) make_record();
    if (snapshot_->filtered) ask_filters();
    if (retention_.custom != nullptr) ask_user_policy();
    reserve();
}

HINDSIGHT_INLINE void Emission::look_up_retention() {
    const std::uint64_t version = ledger_.history_version.load(std::memory_order_acquire);
    const bool known = topic_.retention_version.load(std::memory_order_acquire) == version;
    if (known && !topic_.asks_user.load(std::memory_order_relaxed)) [[likely]] {
        retention_.version = version;
        retention_.keeps = topic_.keeps.load(std::memory_order_relaxed);
        retention_.tracked = topic_.tracked.load(std::memory_order_relaxed);
        retention_.custom = nullptr;
        return;
    }
    Retention found;  // what it replaces may be the last reference to a user's policy: let go after unlocking
    {
        const std::lock_guard lock(ledger_.mutex);
        RetentionRule& rule = ledger_.history.rule_for(topic_.name);
        const auto* custom = std::get_if<RetentionPolicy::Custom>(&rule.policy.get());
        found.version = ledger_.history_version.load(std::memory_order_relaxed);
        found.keeps = rule.kind != RetentionRule::Kind::none;
        found.tracked = found.keeps || rule.pattern.has_value();
        if (custom != nullptr) found.custom = *custom;
        topic_.rule = &rule;
        topic_.keeps.store(found.keeps, std::memory_order_relaxed);
        topic_.tracked.store(found.tracked, std::memory_order_relaxed);
        topic_.asks_user.store(custom != nullptr, std::memory_order_relaxed);
        topic_.retention_version.store(found.version, std::memory_order_release);
    }
    std::swap(retention_, found);
}

HINDSIGHT_INLINE void Emission::make_record() {
    Stamp stamp;
    stamp.time = draft_.options.time ? *draft_.options.time : hub_.now();
    stamp.origin = ledger_.origin;
    stamp.cause = draft_.options.cause;
    stamp.correlation = draft_.options.correlation;
    for (const Frame* handler = frame_.outer; handler != nullptr; handler = handler->outer) {
        if (&handler->engine != &hub_ || (handler->record == nullptr && handler->unrecorded == nullptr)) continue;
        inherit_from(*handler, stamp);
        break;
    }
    if (&draft_.type == &event_type<HandlerError>()) stamp.flags |= Envelope::below_error;

    record_ = Record(make_envelope(draft_, stamp, true));
    if (draft_.payload_bytes > ledger_.max_payload_bytes.load(std::memory_order_relaxed)) {
        kept_ = make_envelope(draft_, stamp, false);
    }
}

HINDSIGHT_INLINE void Emission::inherit_from(const Frame& handler, Stamp& stamp) const noexcept {
    Seq cause = 0;
    std::string_view correlation;
    if (handler.record != nullptr && *handler.record) {
        const Envelope& envelope = *handler.record->envelope();
        cause = envelope.seq;
        correlation = envelope.correlation();
        stamp.flags = envelope.flags & Envelope::below_error;
    } else if (handler.unrecorded != nullptr) {
        cause = handler.unrecorded->seq();
        correlation = handler.unrecorded->correlation();
    }
    if (stamp.cause == 0) stamp.cause = cause;
    if (stamp.correlation.empty()) stamp.correlation = correlation;
}

HINDSIGHT_INLINE void Emission::ask_filters() {
    verdicts_.assign(snapshot_->nodes.size(), Verdict::passes);
    filter_failures_.clear();
    Running running(frame_);
    frame_.record = &record_;
    for (std::size_t i = 0; i < snapshot_->nodes.size(); ++i) {
        Node& node = *snapshot_->nodes[i];
        if (!node.filtered) continue;
        if ((running.move_to(node) & Node::dead) != 0) {
            verdicts_[i] = Verdict::gone;
            continue;
        }
        try {
            if (!node.filter(record_)) verdicts_[i] = Verdict::rejected;
        } catch (...) {
            verdicts_[i] = Verdict::failed;
            filter_failures_.push_back({NodePtr::share(node), std::current_exception()});
        }
    }
    frame_.record = nullptr;
}

HINDSIGHT_INLINE void Emission::ask_user_policy() noexcept {
    try {
        stores_ = stores_ && retention_.custom->should_store(record_);
    } catch (...) {
        stores_ = false;
    }
}

HINDSIGHT_INLINE void Emission::reserve() {
    to_wake_.reserve(snapshot_->queued().size());
    displaced_.reserve(snapshot_->queued().size());
    if (hub_.options_.errors == ErrorPolicy::rethrow) handler_failures_.reserve(snapshot_->direct_count);
}

HINDSIGHT_INLINE Emission::Commit Emission::commit() {
    if (!retention_.tracked && snapshot_->queued().empty()) {
        seq_ = ledger_.next_seq();
        if (record_) whole().seq = seq_;
        return Commit::done;
    }

    const std::lock_guard lock(ledger_.mutex);
    if (!hub_.accepts(frame_.outer, draft_)) return Commit::closed;
    if (is_outdated_locked()) return Commit::again;
    if (frame_.outer == nullptr && find_full_mailbox_locked()) return Commit::wait;

    Container* container = nullptr;
    const Envelope* kept = kept_ ? kept_.get() : record_.envelope().get();
    if (stores_ && kept->footprint() <= ledger_.history.options().max_total_bytes) {
        container = &ledger_.history.container_for(*topic_.rule, topic_.name, kept->key());
    }
    for (std::size_t i = snapshot_->direct_count; i < snapshot_->nodes.size(); ++i) {
        if (takes_locked(*snapshot_->nodes[i], i)) snapshot_->nodes[i]->mailbox->reserve_one();
    }

    // From here on nothing throws.
    seq_ = ledger_.next_seq();
    if (record_) whole().seq = seq_;
    record_locked(container);
    for (std::size_t i = snapshot_->direct_count; i < snapshot_->nodes.size(); ++i) {
        Node& node = *snapshot_->nodes[i];
        if (takes_locked(node, i)) {
            push_locked(node);
        } else if (passes(i) && !node.mailbox->closed) {
            node.skipped_paused.add(frame_.slot);
        }
    }
    if (queued_ > 0) {
        // Nobody can take it out of a mailbox before the lock is free.
        add_reference(whole(), queued_);
        whole().pending.store(queued_, std::memory_order_relaxed);
    }
    return Commit::done;
}

HINDSIGHT_INLINE bool Emission::is_outdated_locked() const noexcept {
    const bool subscribers = topic_is_shared_ && (topic_.stale.load(std::memory_order_acquire) ||
                                                  topic_.snapshot.load(std::memory_order_relaxed) != snapshot_);
    return subscribers || ledger_.history_version.load(std::memory_order_relaxed) != retention_.version;
}

HINDSIGHT_INLINE bool Emission::takes_locked(const Node& node, std::size_t index) const noexcept {
    return passes(index) && !node.mailbox->closed && !node.has(Node::dead | Node::paused);
}

HINDSIGHT_INLINE const Emission::Exemption* Emission::exemption_of(const Node& node) const noexcept {
    for (const Exemption& each : exemptions_) {
        if (each.node.get() == &node) return &each;
    }
    return nullptr;
}

HINDSIGHT_INLINE bool Emission::find_full_mailbox_locked() noexcept {
    for (std::size_t i = snapshot_->direct_count; i < snapshot_->nodes.size(); ++i) {
        Node& node = *snapshot_->nodes[i];
        Mailbox& mailbox = *node.mailbox;
        if (mailbox.room() == Mailbox::Room::ready || !takes_locked(node, i) || exemption_of(node)) continue;
        mailbox.emitter_waits = true;
        full_ = &node;
        full_epoch_ = mailbox.room_epoch.load(std::memory_order_relaxed);
        return true;
    }
    return false;
}

HINDSIGHT_INLINE void Emission::record_locked(Container* container) noexcept {
    if (container == nullptr) {
        if (retention_.tracked) ++topic_.rule->refused;
        return;
    }
    Envelope& kept = kept_ ? *kept_ : whole();
    kept.seq = seq_;
    add_reference(kept);
    ledger_.history.append(kept, *container, evicted_);
    outcome_ = Outcome::recorded;
}

HINDSIGHT_INLINE void Emission::push_locked(Node& node) noexcept {
    Mailbox& mailbox = *node.mailbox;
    const Exemption* const exemption = exemption_of(node);
    const Mailbox::Push push = mailbox.push(whole(), exemption != nullptr && !exemption->may_grow);
    ++matched_;
    ++(push.fate == Mailbox::Fate::queued ? queued_ : dropped_);
    if (push.displaced != nullptr) displaced_.push_back(push.displaced);
    if (!mailbox.active) {
        mailbox.active = true;
        to_wake_.push_back(NodePtr::share(node));
    }
}

HINDSIGHT_INLINE void Emission::wait_for_room() {
    Node& node = *full_;
    {
        Running running(frame_);
        if ((running.move_to(node) & Node::dead) != 0) return;
        if (node.executor->runs_here()) {
            exemptions_.push_back({NodePtr::share(node), true});
            return;
        }
    }
    if (!room_deadline_) room_deadline_ = deadline_after(node.mailbox->options().block_for);
    const auto& epoch = node.mailbox->room_epoch;
    if (!park_until(&epoch, *room_deadline_, [&] { return epoch.load(std::memory_order_acquire) != full_epoch_; })) {
        exemptions_.push_back({NodePtr::share(node), false});
        room_deadline_.reset();
    }
}

HINDSIGHT_INLINE void Emission::deliver() noexcept {
    (topic_is_shared_ ? topic_.emitted : hub_.emitted_by_others_).add(frame_.slot);
    for (const NodePtr& node : to_wake_) hub_.give_to_executor(frame_, *node, record_);
    for (Envelope* envelope : displaced_) finish_delivery(envelope);
    call_direct_handlers();
    if (snapshot_->filtered) count_filtered();
    if (matched_ > 0) hub_.matched_.add(frame_.slot, matched_);
    if (queued_ > 0) hub_.note_progress_of_drain();
}

HINDSIGHT_INLINE void Emission::call_direct_handlers() noexcept {
    Running running(frame_);
    for (std::size_t i = 0; i < snapshot_->direct_count; ++i) {
        if (!passes(i)) continue;
        Node& node = *snapshot_->nodes[i];
        const std::uint32_t flags = running.move_to(node);
        if (flags != 0) [[unlikely]] {
            if ((flags & Node::dead) == 0) node.skipped_paused.add(frame_.slot);
            continue;
        }
        if (std::exception_ptr error = hub_.call(frame_, node, record_, matched_)) [[unlikely]] {
            if (hub_.options_.errors == ErrorPolicy::rethrow) handler_failures_.push_back(std::move(error));
        }
    }
}

HINDSIGHT_INLINE void Emission::count_filtered() noexcept {
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
        if (verdicts_[i] == Verdict::rejected) snapshot_->nodes[i]->filter_rejected.add(frame_.slot);
    }
    for (Failure& failure : filter_failures_) hub_.report(*failure.node, record_, std::move(failure.error));
}

HINDSIGHT_INLINE Receipt Emission::receipt() {
    Receipt receipt{.seq = seq_, .outcome = outcome_, .matched = matched_, .queued = queued_, .dropped = dropped_};
    if (queued_ > 0) receipt.envelope = record_.envelope();
    if (!handler_failures_.empty()) {
        throw HandlerFailed(std::move(receipt), {handler_failures_.begin(), handler_failures_.end()});
    }
    return receipt;
}

}  // namespace hindsight::detail

#pragma once

#include <hindsight/impl/detail/emission.hpp>
#include <hindsight/impl/detail/hub_call.hpp>
#include <hindsight/impl/detail/inherit.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/impl/detail/queueing.ipp>

#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>

namespace hindsight::detail {

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Emission::run() {
    for (;;) {
        look_at_subscribers();
        // Once an event. What has changed meanwhile is looked at again.
        if (!snapshot_->middleware.empty() && !interception_) [[unlikely]] {
            if (std::optional<Receipt> refused = intercept()) return std::move(*refused);
            continue;
        }
        prepare();
        switch (commit()) {
        case Commit::done:
            deliver();
            return receipt();
        case Commit::again:
            break;
        case Commit::wait:
            queueing_->wait_for_room();
            break;
        case Commit::closed:
            hub_.refused_closed_.add(frame_.slot);
            return {};
        }
    }
}

[[gnu::noinline]] HINDSIGHT_INLINE Receipt Emission::run_and_tell(Record& emitted) {
    try {
        Receipt done = run();
        if (done) emitted = record_;
        return done;
    } catch (const HandlerFailed&) {
        emitted = record_;
        throw;
    }
}

HINDSIGHT_INLINE void Emission::look_at_subscribers() {
    look_up_retention();
    if (!topic_is_shared_) {  // nobody else takes its snapshot from it
        const std::uint64_t version = hub_.registry_.version();
        if (version != std::exchange(subscriptions_, version)) topic_.current.store(nullptr, std::memory_order_relaxed);
    }
    snapshot_ = hub_.registry_.pin_current(frame_.cell, topic_);
}

[[gnu::noinline]] HINDSIGHT_INLINE std::optional<Receipt> Emission::intercept() {
    const Envelope* const made = record_.envelope().get();
    interception_.emplace(hub_, frame_, *draft_, stamp(made), record_.envelope().get());
    if (std::optional<Receipt> refused = interception_->run(*snapshot_)) return refused;
    // The end of a bus ends its middleware, too: nothing may get past it.
    if (!hub_.accepts(frame_.outer, *draft_)) {
        hub_.refused_closed_.add(frame_.slot);
        return Receipt();
    }
    if (!interception_->draft().changed()) return std::nullopt;
    draft_ = &interception_->draft().draft();
    if (record_) {
        const Record before = std::exchange(record_, Record());
        make_record(before.envelope().get());
    }
    return std::nullopt;
}

HINDSIGHT_INLINE void Emission::prepare() {
    if (!stores_ && snapshot_->nodes.empty() && !hub_.options_.watch.unhandled) {
        // What an earlier round has chosen lies in a snapshot that is pinned no more.
        filtering_.reset();
        queueing_.reset();
        return;
    }
    if (hub_.releases_.load(std::memory_order_relaxed)) [[unlikely]]
        hub_.end_due_quarantines(*snapshot_);
    if (!record_) make_record();
    if (draft_->payload_bytes <= ledger_.max_payload_bytes.load(std::memory_order_relaxed)) [[likely]] {
        shortened_ = EnvelopePtr();
    } else if (!shortened_) {
        shortened_ = make_without_payload(whole());
    }
    if (keeping_ == Topic::Keeping::asked) [[unlikely]] {
        stores_ = policy_answer_.ask(ledger_, topic_, record_, history_version_);
        tracked_ = true;
    }
    if (snapshot_->filtered || snapshot_->converts) {
        if (!filtering_) filtering_.emplace();
        filtering_->ask(frame_, *snapshot_, record_, converted_);
    } else {
        filtering_.reset();
    }
    if (!snapshot_->queued().empty()) {
        if (!queueing_) {
            queueing_.emplace(frame_, hub_);
            // A queued handler may run, and destroy the bus, before this thread has left it.
            frame_.keep(hub_.shared_from_this());
        }
        queueing_->choose(*snapshot_, filtering());
    } else {
        queueing_.reset();
    }
    if (hub_.options_.errors == ErrorPolicy::rethrow) failed_.emplace().errors.reserve(snapshot_->direct_count);
}

HINDSIGHT_INLINE void Emission::look_up_retention() {
    history_version_ = ledger_.history_version.load(std::memory_order_acquire);
    if (!topic_.knows_retention(history_version_)) [[unlikely]] {
        const std::lock_guard lock(ledger_.mutex);
        topic_.look_up_retention_locked(ledger_);
        history_version_ = ledger_.history_version.load(std::memory_order_relaxed);
    }
    keeping_ = topic_.keeping_at(history_version_);
    stores_ = keeping_ == Topic::Keeping::kept || keeping_ == Topic::Keeping::asked;
    tracked_ = keeping_ != Topic::Keeping::none;
}

HINDSIGHT_INLINE void Emission::make_record(const Envelope* before) {
    Stamp stamped = stamp(before);
    stamped.time = time_of(*draft_, [this] { return hub_.now(); });
    record_ = Record(make_envelope(*draft_, stamped, frame_.slot));
}

HINDSIGHT_ALWAYS_INLINE Stamp Emission::stamp(const Envelope* before) const noexcept {
    Stamp stamp = stamp_of(*draft_, TimePoint(), ledger_.origin);
    if (before != nullptr) {
        stamp.cause = before->cause;
        if (!interception_) stamp.correlation = before->correlation();
        stamp.flags = before->flags & (Envelope::replayed | Envelope::below_error | Envelope::dated);
        return stamp;
    }
    inherit(stamp, frame_.outer, hub_);
    constexpr std::size_t library = std::string_view("hindsight").size();
    if (draft_->type.category_size == library && is_library_name(draft_->type.name)) [[unlikely]]
        stamp.flags |= Envelope::below_error;
    return stamp;
}

HINDSIGHT_INLINE Emission::Commit Emission::commit() {
    if (!tracked_ && !queueing_) {
        set_seq(ledger_.next_seq());
        return Commit::done;
    }
    const std::lock_guard lock(ledger_.mutex);
    if (!hub_.accepts(frame_.outer, *draft_)) [[unlikely]]
        return Commit::closed;
    if (is_outdated_locked()) [[unlikely]]
        return Commit::again;
    if (queueing_) {
        queueing_->choose_takers_locked();
        if (queueing_->is_full_locked()) return Commit::wait;
    }
    const std::optional<History::Place> place = place_locked();
    if (queueing_) queueing_->reserve_locked();

    // From here on nothing throws.
    set_seq(ledger_.next_seq_locked());
    if (place) {
        Envelope& envelope = kept();
        envelope.seq = seq_;
        add_reference(envelope);
        ledger_.history.append(envelope, *place, evicted_);
        outcome_ = Outcome::recorded;
    } else if (tracked_) {
        ++topic_.rule->refused;
    }
    if (queueing_) queueing_->push_locked(whole(), converted_.envelope());
    return Commit::done;
}

HINDSIGHT_INLINE void Emission::set_seq(Seq seq) noexcept {
    seq_ = seq;
    if (record_) whole().seq = seq;
    if (Envelope* const converted = converted_.envelope()) converted->seq = seq;
}

HINDSIGHT_INLINE bool Emission::is_outdated_locked() const noexcept {
    const bool same_subscribers =
        topic_is_shared_ ? topic_.has_still(*snapshot_) : hub_.registry_.version() == subscriptions_;
    return !same_subscribers || ledger_.history_version.load(std::memory_order_relaxed) != history_version_;
}

HINDSIGHT_INLINE std::optional<History::Place> Emission::place_locked() {
    if (!stores_ || kept().footprint > ledger_.history.options().max_total_bytes) return std::nullopt;
    return ledger_.history.place_for(*topic_.rule, whole());
}

HINDSIGHT_INLINE void Emission::deliver() noexcept {
    (topic_is_shared_ || topic_.counts_for_bus() ? topic_.emitted : hub_.emitted_by_others_).add(frame_.slot);
    if (queueing_) queueing_->finish(record_);
    call_direct_handlers();
    if (filtering_) {
        filtering_->count(frame_,
                          [&](Node& node, std::exception_ptr error) { hub_.report(node, record_, std::move(error)); });
    }
    if (queueing_) matched_ += queueing_->matched();
    if (matched_ == 0 && hub_.options_.watch.unhandled) hub_.tell_of_unhandled(record_);
}

HINDSIGHT_INLINE void Emission::call_direct_handlers() noexcept {
    Hub::Calls calls{.failures = failed_ ? &failed_->errors : nullptr};
    Running running(frame_);
    for (std::size_t i = 0; i < snapshot_->direct_count; ++i) {
        if (filtering_ && !filtering_->passes(i)) continue;
        Node& node = *snapshot_->nodes[i];
        const Record& seen = snapshot_->converts_for(node) ? converted_.record() : record_;
        hub_.call_direct(running, frame_, node, seen, calls);
    }
    matched_ += calls.count;
}

HINDSIGHT_INLINE Receipt Emission::receipt() {
    Receipt receipt{.seq = seq_, .outcome = outcome_, .matched = matched_};
    if (queueing_) {
        receipt.queued = queueing_->queued();
        receipt.dropped = queueing_->dropped();
        if (receipt.queued > 0) receipt.envelope = record_.envelope();
    }
    if (failed_ && !failed_->errors.empty()) {
        failed_->receipt = std::move(receipt);
        throw std::move(*failed_);
    }
    return receipt;
}

}  // namespace hindsight::detail

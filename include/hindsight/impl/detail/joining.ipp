#pragma once

#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/impl/detail/converted.hpp>
#include <hindsight/impl/detail/find_records.hpp>
#include <hindsight/impl/detail/joining.hpp>
#include <hindsight/impl/detail/losses.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

namespace hindsight::detail {

namespace joining {

/// Whether a record without its payload is a hole for it.
inline bool needs_payload(const Node& node) noexcept {
    return node.observes ? !node.observes->takes_everything() : node.type != nullptr;
}

inline Query query_for(const Node& node, const Replay& replay) {
    Query query{
        .pattern = std::string(node.pattern->text()), .take = Take::oldest, .scope = std::string(node.scope_name())};
    switch (replay.kind()) {
    case Replay::Kind::last:
        query.take = Take::newest;
        query.limit = replay.count();
        break;
    case Replay::Kind::from_seq:
        query.after_seq = replay.first() - (replay.first() > 0 ? 1 : 0);
        break;
    case Replay::Kind::since:
        query.since = replay.beginning();
        break;
    case Replay::Kind::last_per_key:
        break;
    }
    return query;
}

}  // namespace joining

HINDSIGHT_INLINE Joining::Joining(Hub& hub, Frame& frame, Node& node, const Replay& replay)
    : hub_(hub), ledger_(*hub.ledger_), frame_(frame), node_(node), replay_(replay),
      query_(joining::query_for(node, replay)), condition_(query_, nullptr),
      conversion_(node.type != nullptr && !node.type->is_base ? hub.registry_.conversion_to(*node.type) : Conversion()),
      backlog_(std::make_unique<Backlog>(joining::needs_payload(node))) {}

HINDSIGHT_INLINE void Joining::capture() {
    Mailbox& mailbox = *node_.mailbox;
    const std::size_t most = node_.filtered || conversion_ || node_.observes ? no_limit : query_.limit;
    const std::lock_guard lock(ledger_.mutex);
    take_records_locked(ledger_.history, condition_, most, [this](Envelope& each) {
        // One without its payload is a hole.
        const bool right_type = is_of_right_type(each) || is_to_be_converted(each);
        if (right_type) records_.push_back(EnvelopePtr::share(each));
        converts_ = converts_ || is_to_be_converted(each);
        return right_type;
    });
    // From here on nothing throws.
    backlog_->set_let_go(let_go_locked());
    mailbox.go_to(Mailbox::Stage::in_turn, ledger_.waiting_mailboxes);
    mailbox.undecided = records_.size();
    if (node_.watched) node_.watched->past_until = ledger_.last_seq.load(std::memory_order_relaxed);
}

HINDSIGHT_INLINE Lagged Joining::let_go_locked() const noexcept {
    const bool has_beginning = replay_.kind() == Replay::Kind::from_seq || replay_.kind() == Replay::Kind::since;
    if (!has_beginning) return {};
    Seq through = 0;
    for_each_loss(ledger_.history, &condition_, [&](const Loss& loss) { through = std::max(through, loss.up_to); });
    if (through == 0) return {};
    Seq first = std::max<Seq>(replay_.first(), 1);
    if (replay_.kind() == Replay::Kind::since) {
        // Seqs ascend as times do: what came before a record that is too old was too old as well.
        ledger_.history.for_each_log([&](const RecordLog& log) {
            for (Position offset = log.span(); offset > 0;) {
                const Envelope* const record = *log.slot(--offset);
                if (record == nullptr || record->time >= replay_.beginning()) continue;
                first = std::max(first, record->seq + 1);
                break;
            }
        });
    }
    return first <= through ? Lagged{first, through, 0} : Lagged{};
}

HINDSIGHT_INLINE void Joining::choose() noexcept {
    chosen_ = records_.size();
    if (node_.filtered || converts_ || chosen_ > query_.limit) choose_one_by_one();
    if (replay_.kind() == Replay::Kind::last_per_key) pick_newest_per_key();
    if (query_.take == Take::newest)
        std::reverse(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(chosen_));
}

// Those that are not chosen stay, behind the others, until it is sure that the subscription has not ended meanwhile.

HINDSIGHT_INLINE void Joining::choose_one_by_one() noexcept {
    Running running(frame_);
    running.move_to(node_);
    chosen_ = 0;
    for (EnvelopePtr& each : records_) {
        if (chosen_ == query_.limit || node_.has(Node::dead)) break;
        if (is_to_be_converted(*each) && each->payload() != nullptr && !convert(each)) continue;
        if (!node_.filtered || passes_filter(Record(each))) std::swap(records_[chosen_++], each);
    }
}

HINDSIGHT_INLINE bool Joining::is_of_right_type(const Envelope& envelope) const noexcept {
    if (node_.observes) return node_.observes->takes(envelope);
    return node_.type == nullptr || is_kind_of(*envelope.type, *node_.type);
}

HINDSIGHT_INLINE const EventType* Joining::converted_type(const Envelope& envelope) const noexcept {
    if (!envelope.type->dynamic) return nullptr;
    if (node_.observes) return node_.observes->takes(envelope) ? nullptr : node_.observes->converted(envelope.name());
    return node_.type != nullptr && !node_.type->self_named && !node_.type->is_base ? node_.type : nullptr;
}

HINDSIGHT_INLINE bool Joining::is_to_be_converted(const Envelope& envelope) const noexcept {
    return converted_type(envelope) != nullptr;
}

HINDSIGHT_INLINE bool Joining::convert(EnvelopePtr& dynamic) noexcept {
    const Record original(dynamic);
    try {
        const EventType* const wanted = converted_type(*dynamic);
        if (wanted == nullptr) return false;  // of an attachment that has just ended
        Converted converted;
        converted.of(original, node_.observes ? hub_.registry_.conversion_to(*wanted) : conversion_, *wanted,
                     frame_.slot);
        converted.envelope()->seq = original.seq();
        dynamic = converted.record().envelope();
        return true;
    } catch (...) {
        hub_.report(node_, original, std::current_exception());
        return false;
    }
}

HINDSIGHT_INLINE bool Joining::passes_filter(const Record& record) noexcept {
    bool passes = false;
    frame_.record = &record;
    try {
        passes = node_.filter(record);
        if (!passes) ++rejected_;
    } catch (...) {
        hub_.report(node_, record, std::current_exception());
    }
    frame_.record = nullptr;
    return passes;
}

HINDSIGHT_INLINE void Joining::pick_newest_per_key() noexcept {
    const auto chosen_end = [this] { return records_.begin() + static_cast<std::ptrdiff_t>(chosen_); };
    const auto bucket = [](const EnvelopePtr& each) { return std::pair(each->name(), each->key()); };
    std::sort(records_.begin(), chosen_end(), [&](const EnvelopePtr& a, const EnvelopePtr& b) {
        return std::tuple(bucket(a), b->seq) < std::tuple(bucket(b), a->seq);  // the newest of each first
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < chosen_; ++i) {
        if (kept == 0 || bucket(records_[kept - 1]) != bucket(records_[i])) std::swap(records_[kept++], records_[i]);
    }
    chosen_ = kept;
    std::sort(records_.begin(), chosen_end(),
              [](const EnvelopePtr& a, const EnvelopePtr& b) { return a->seq < b->seq; });
}

HINDSIGHT_INLINE bool Joining::install() noexcept {
    Mailbox& mailbox = *node_.mailbox;
    if (is_open([&] { mailbox.undecided = chosen_; })) {
        records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(chosen_), records_.end());
        node_.filter_rejected.add(frame_.slot, rejected_);
        const bool installed = is_open([&] {
            backlog_->set_records(std::move(records_));
            if (!backlog_->empty()) mailbox.backlog = std::move(backlog_);
        });
        if (installed) return true;
    }
    for (EnvelopePtr& each : records_) hub_.count_discarded(node_, Record(std::move(each)));
    return false;
}

template <class F>
bool Joining::is_open(F then_locked) noexcept {
    const std::lock_guard lock(ledger_.mutex);
    const bool open = !node_.mailbox->closed && !node_.has(Node::dead);
    node_.mailbox->undecided = 0;
    if (open) then_locked();
    return open;
}

}  // namespace hindsight::detail

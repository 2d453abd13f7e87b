// RecordLog: the records that one retention rule keeps (or that all rules keep which share a ring), in seq order, and
// where in it those of each name, key and source lie.
//
// A record lies at a position: positions count up, so the postings of a text ascend as seqs do. Records mostly leave at
// the front; one that leaves in the middle (an older one of its bucket, or of a type that is retired) leaves a gap,
// which is closed when the log has no room left behind its last record. Appending comes in two steps: `prepare` finds
// or makes the entries and their room, and may throw; the others may not. An event without key or source does not touch
// the index of keys or sources. Guarded by the ledger's lock; knows nothing of threads itself.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/name_index.hpp>
#include <hindsight/detail/postings.hpp>
#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/slot_array.hpp>
#include <hindsight/detail/text_index.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace hindsight::detail {

struct RetentionRule;

/// More than this is a mistake, or meant as "no limit", which history does not have.
inline constexpr std::size_t most_records = std::size_t{1} << 30;

class HINDSIGHT_API RecordLog {
public:
    /// For a ring of that many records. Memory that was never written to is not touched. Throws std::bad_alloc.
    RecordLog(RetentionRule& rule, std::size_t capacity);
    /// For as many records as others limit it to.
    explicit RecordLog(RetentionRule& rule) noexcept : rule_(&rule), capacity_(no_limit) {}

    /// The rule that counts what happens to its records.
    RetentionRule& rule() const noexcept { return *rule_; }
    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size() const noexcept { return span_ - gaps_; }
    bool is_full() const noexcept { return size() == capacity_; }

    Envelope* oldest() const noexcept { return span_ > 0 ? slots_[first_slot_] : nullptr; }
    Envelope* newest() const noexcept;
    Position first_position() const noexcept { return first_; }
    /// How many positions there are, with gaps.
    Position span() const noexcept { return span_; }
    /// Null: a gap, or not a position at all.
    Envelope* at(Position position) const noexcept {
        const Position offset = position - first_;
        return offset < span_ ? *slot(offset) : nullptr;
    }
    /// By the distance from the first position, below the span; null: a gap.
    Envelope* const* slot(Position offset) const noexcept { return &slots_[slot_index(offset)]; }
    /// The distance of the first record with that seq, or a later one. O(log size).
    Position lower_bound(Seq seq) const noexcept;

    const NameIndex& names() const noexcept { return names_; }
    const TextIndex& keys() const noexcept { return keys_; }
    const TextIndex& sources() const noexcept { return sources_; }

    /// Reserves what it takes to append the record, or one with the same texts, as the next change. `move_others`
    /// (replacement), called when gaps are closed, is to replace the positions that others hold, as
    /// Postings::replace_each does. Throws std::bad_alloc, changing nothing that can be seen.
    template <class F>
    HINDSIGHT_ALWAYS_INLINE void prepare(const Envelope& envelope, F move_others) {
        if (span_ == slot_count_ && !is_full()) [[unlikely]]
            make_room(move_others);
        prepared_.name = &names_.prepare(envelope);
        if (envelope.has_key_or_source()) prepare_texts(envelope);
    }
    /// Makes sure that `prepare` needs no memory for `count` records with these texts until all that is reserved is
    /// settled; in between only such records are appended. Throws std::bad_alloc; what came before stays reserved.
    template <class F>
    void reserve(const Envelope& envelope, std::size_t count, F move_others) {
        const bool may_meet_gaps = gaps_ > 0 || capacity_ == no_limit;
        if (may_meet_gaps && span_ + reserved_ + count > slot_count_) make_room(move_others, reserved_ + count);
        reserved_ += count;
        names_.reserve(envelope, count);
        if (envelope.key_size > 0) keys_.reserve(envelope.key(), count);
        if (envelope.source_size > 0) sources_.reserve(envelope.source(), count);
    }
    /// For each of them, in the log by now or not, and for those where it threw.
    void settle(const Envelope& envelope) noexcept {
        reserved_ = 0;
        names_.settle(envelope);
        if (envelope.key_size > 0) keys_.settle(envelope.key());
        if (envelope.source_size > 0) sources_.settle(envelope.source());
    }
    /// Appends the record that was prepared to a log that is not full. Its seq is larger than all before.
    Position push_back(Envelope& envelope) noexcept;
    /// Appends it to a full one, and takes out the oldest.
    Envelope& push_back_for_oldest(Envelope& envelope) noexcept;
    /// Both without `prepare`, where the log is full, and both records are plain (see Envelope::plain) and of the same
    /// type and size; null: that is not so, and nothing has changed.
    Envelope* push_back_for_alike(Envelope& envelope) noexcept;
    /// Takes out the record that is there.
    Envelope& remove(Position position) noexcept;
    /// Takes out all.
    void clear() noexcept;

private:
    std::size_t slot_index(Position offset) const noexcept {
        const std::size_t i = first_slot_ + offset;
        return i < slot_count_ ? i : i - slot_count_;
    }
    static void prefetch(const Envelope* envelope) noexcept {
        const char* const bytes = reinterpret_cast<const char*>(envelope);
        for (std::size_t line = 0; line < 3; ++line) prefetch_for_writing(bytes + line * cache_line);
    }
    auto is_live() const noexcept {
        return [this](Position each) { return at(each) != nullptr; };
    }
    /// Puts it where the oldest is, which leaves.
    void put_in_place_of_oldest(Envelope& envelope) noexcept {
        slots_[first_slot_] = &envelope;
        first_slot_ = slot_index(1);
        ++first_;
        // Soon to leave, and older than the caches remember.
        prefetch(slots_[slot_index(ahead_)]);
    }
    void prepare_texts(const Envelope& envelope);
    void add_texts(const Envelope& envelope, Position position) noexcept;
    void remove_texts(const Envelope& envelope, Position position) noexcept;
    /// Where the record at a distance from the first is to go, as its new position; or that there is none.
    using Moves = std::vector<std::pair<Position, bool>>;
    Moves close_gaps(std::size_t room);
    /// For `room` more records at least, but in a ring no more than it has slots.
    template <class F>
    void make_room(F move_others, std::size_t room = 1) {
        const Position base = first_;
        const Moves moves = close_gaps(room);
        const auto replacement = [&](Position each) { return moves[each - base]; };
        const auto move = [&](TextEntry& entry) { entry.postings.replace_each(replacement); };
        names_.for_each(move);
        keys_.for_each(move);
        sources_.for_each(move);
        move_others(replacement);
    }

    RetentionRule* rule_;
    std::size_t capacity_;
    SlotArray slots_;
    std::size_t slot_count_ = 0;
    std::size_t first_slot_ = 0;
    Position first_ = 0;  // never a gap
    Position span_ = 0;
    Position gaps_ = 0;
    NameIndex names_;
    TextIndex keys_;
    TextIndex sources_;
    Position ahead_ = 0;  // how soon to leave is soon
    std::size_t reserved_ = 0;
    struct {
        TextEntry* name;
        TextEntry* key;  // where there is one
        TextEntry* source;
    } prepared_{};
};

HINDSIGHT_ALWAYS_INLINE Envelope& RecordLog::push_back_for_oldest(Envelope& envelope) noexcept {
    const Position position = first_ + span_;
    Envelope& oldest = *slots_[first_slot_];
    const bool same_name = oldest.type == envelope.type && !envelope.type->self_named;
    // Into the indexes before anything leaves them, or entries could go with the oldest record.
    if (!same_name) [[unlikely]]
        names_.add(*prepared_.name, position);
    if (envelope.has_key_or_source()) [[unlikely]]
        add_texts(envelope, position);
    put_in_place_of_oldest(envelope);
    if (same_name) [[likely]] {
        prepared_.name->postings.replace_first(position, is_live());
    } else {
        names_.remove_first(oldest, is_live());
    }
    if (oldest.has_key_or_source()) [[unlikely]]
        remove_texts(oldest, first_ - 1);
    return oldest;
}

HINDSIGHT_ALWAYS_INLINE Envelope* RecordLog::push_back_for_alike(Envelope& envelope) noexcept {
    if (!is_full()) [[unlikely]]
        return nullptr;
    Envelope* const oldest = slots_[first_slot_];
    if (!are_alike(*oldest, envelope)) [[unlikely]]
        return nullptr;
    TextEntry* const name = names_.remembered(*envelope.type);
    if (name == nullptr || !name->postings.can_turn()) [[unlikely]]
        return nullptr;
    name->postings.turn(first_ + span_);
    put_in_place_of_oldest(envelope);
    return oldest;
}

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/record_log.ipp>
#endif

#pragma once

#include <hindsight/detail/record_log.hpp>

#include <algorithm>
#include <new>

namespace hindsight::detail {

HINDSIGHT_INLINE RecordLog::RecordLog(RetentionRule& rule, std::size_t capacity)
    : rule_(&rule), capacity_(capacity), slots_(capacity), slot_count_(capacity),
      ahead_(static_cast<Position>(std::min<std::size_t>(capacity, 8) / 2)) {}

HINDSIGHT_INLINE Envelope* RecordLog::newest() const noexcept {
    for (Position offset = span_; offset > 0;) {
        if (Envelope* const there = *slot(--offset)) return there;
    }
    return nullptr;
}

HINDSIGHT_INLINE Position RecordLog::lower_bound(Seq seq) const noexcept {
    if (span_ == 0 || seq <= oldest()->seq) return 0;
    // Where every event is kept, without gaps, it lies as far from the first as their seqs do.
    const Seq distance = seq - oldest()->seq;
    if (distance < span_) {
        const Envelope* const there = *slot(static_cast<Position>(distance));
        if (there != nullptr && there->seq == seq) return static_cast<Position>(distance);
    }
    Position begin = 0;
    Position end = span_;
    while (begin < end) {
        const Position middle = begin + (end - begin) / 2;
        Position record = middle;
        while (record < end && *slot(record) == nullptr) ++record;
        if (record < end && (*slot(record))->seq < seq) {
            begin = record + 1;
        } else {
            end = middle;
        }
    }
    while (begin < span_ && *slot(begin) == nullptr) ++begin;
    return begin;
}

HINDSIGHT_INLINE void RecordLog::prepare_texts(const Envelope& envelope) {
    if (envelope.key_size > 0) prepared_.key = &keys_.prepare(envelope.key());
    if (envelope.source_size > 0) prepared_.source = &sources_.prepare(envelope.source());
}

HINDSIGHT_INLINE void RecordLog::add_texts(const Envelope& envelope, Position position) noexcept {
    if (envelope.key_size > 0) keys_.add(*prepared_.key, position);
    if (envelope.source_size > 0) sources_.add(*prepared_.source, position);
}

HINDSIGHT_INLINE void RecordLog::remove_texts(const Envelope& envelope, Position position) noexcept {
    if (envelope.key_size > 0) keys_.remove(envelope.key(), position, is_live());
    if (envelope.source_size > 0) sources_.remove(envelope.source(), position, is_live());
}

HINDSIGHT_INLINE Position RecordLog::push_back(Envelope& envelope) noexcept {
    const Position position = first_ + span_;
    slots_[slot_index(span_)] = &envelope;
    ++span_;
    names_.add(*prepared_.name, position);
    add_texts(envelope, position);
    return position;
}

HINDSIGHT_INLINE Envelope& RecordLog::remove(Position position) noexcept {
    Envelope*& there = slots_[slot_index(position - first_)];
    Envelope& envelope = *there;
    there = nullptr;
    ++gaps_;
    names_.remove(envelope, position, is_live());
    remove_texts(envelope, position);
    while (gaps_ > 0 && slots_[first_slot_] == nullptr) {
        first_slot_ = slot_index(1);
        ++first_;
        --span_;
        --gaps_;
    }
    return envelope;
}

HINDSIGHT_INLINE RecordLog::Moves RecordLog::close_gaps(std::size_t room) {
    const bool grows = capacity_ == no_limit;
    if (grows && size() + room > most_records / 2) throw std::bad_alloc();
    const std::size_t count = grows ? std::max<std::size_t>({16, size() * 2, size() + room * 2}) : slot_count_;
    SlotArray fresh(count);
    Moves moves(span_);
    Position next = 0;
    for (Position offset = 0; offset < span_; ++offset) {
        Envelope* const record = *slot(offset);
        moves[offset] = {next, record != nullptr};
        if (record != nullptr) fresh[next++] = record;
    }
    slots_ = std::move(fresh);
    slot_count_ = count;
    first_slot_ = 0;
    first_ = 0;
    span_ = next;
    gaps_ = 0;
    return moves;
}

HINDSIGHT_INLINE void RecordLog::clear() noexcept {
    names_.clear();
    keys_.clear();
    sources_.clear();
    first_ += span_;
    first_slot_ = 0;
    span_ = 0;
    gaps_ = 0;
}

}  // namespace hindsight::detail

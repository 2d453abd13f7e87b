// PendingQueue: the waiting records of one mailbox, first in, first out, with the holes between them.
// A container: it knows nothing of threads, locks or executors, and owns no references.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/prefetch.hpp>
#include <hindsight/record.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace hindsight::detail {

/// A waiting record, and the hole just before it, if any (`missed` is 0 then). Without an envelope: a hole at the end.
struct Pending {
    Envelope* envelope = nullptr;
    Lagged before = {};
};

/// Adds `hole` to the end of `to`: adjacent holes are one.
inline void merge_hole(Lagged& to, const Lagged& hole) noexcept {
    if (hole.missed == 0) return;
    if (to.missed == 0) to.first = hole.first;
    to.last = hole.last;
    to.missed += hole.missed;
}

class PendingQueue {
public:
    std::size_t size() const noexcept { return size_; }

    bool has_room() const noexcept { return size_ < capacity_; }
    /// Makes sure that the next push does not need memory. Throws std::bad_alloc, changing nothing.
    void reserve_one() { reserve(size_ + 1); }
    void reserve(std::size_t count) {
        if (count <= capacity_) return;
        const std::size_t larger = std::bit_ceil(std::max<std::size_t>(count, 8));
        auto envelopes = std::make_unique<Envelope*[]>(larger);
        auto holes = std::make_unique<Lagged[]>(larger);
        for (std::size_t i = 0; i < size_; ++i) {
            envelopes[i] = envelopes_[index(i)];
            holes[i] = holes_[index(i)];
        }
        envelopes_ = std::move(envelopes);
        holes_ = std::move(holes);
        capacity_ = larger;
        first_ = 0;
    }

    void push(Envelope& envelope) noexcept {
        const std::size_t place = index(size_++);
        envelopes_[place] = &envelope;
        // Whoever emptied the next lines may have been another processor.
        constexpr std::size_t two_lines = 2 * cache_line / sizeof(void*);
        prefetch_for_writing(&envelopes_[index(size_ + two_lines)]);
        if (hole_at_end_.missed > 0) [[unlikely]]
            set_hole(place, take_hole_at_end());
    }

    Pending pop() noexcept {
        const std::size_t place = first_;
        first_ = index(1);
        --size_;
        if (holes_within_ == 0) [[likely]]
            return {envelopes_[place], {}};
        const Lagged before = holes_[place];
        set_hole(place, {});
        return {envelopes_[place], before};
    }

    /// Takes the front out as if it had never been there; the hole that it leaves is merged into the next record's.
    Envelope* drop_front() noexcept {
        const Pending front = pop();
        Lagged hole = front.before;
        merge_hole(hole, {front.envelope->seq, front.envelope->seq, 1});
        if (size_ > 0) {
            merge_hole(hole, holes_[first_]);
            set_hole(first_, hole);
        } else {
            merge_hole(hole, hole_at_end_);
            hole_at_end_ = hole;
        }
        return front.envelope;
    }

    /// Where the next one to pop is, or will be, if that does not change meanwhile: a hint.
    const void* place_of_front() const noexcept { return envelopes_.get() + first_; }

    void note_hole_at_end(const Lagged& hole) noexcept { merge_hole(hole_at_end_, hole); }
    bool has_hole_at_end() const noexcept { return hole_at_end_.missed > 0; }
    Lagged take_hole_at_end() noexcept { return std::exchange(hole_at_end_, {}); }

    template <class F>
    void for_each(F visit) const {
        for (std::size_t i = 0; i < size_; ++i) visit(*envelopes_[index(i)]);
    }

private:
    std::size_t index(std::size_t offset) const noexcept { return (first_ + offset) & (capacity_ - 1); }
    void set_hole(std::size_t place, const Lagged& hole) noexcept {
        holes_within_ += static_cast<std::size_t>(hole.missed > 0) - static_cast<std::size_t>(holes_[place].missed > 0);
        holes_[place] = hole;
    }

    // Two arrays of the same size. Holes are rare, and their memory is left alone where there is none: it is all zero
    // but for `holes_within_` places, which records are in.
    std::unique_ptr<Envelope*[]> envelopes_;
    std::unique_ptr<Lagged[]> holes_;
    std::size_t holes_within_ = 0;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    Lagged hole_at_end_;
};

}  // namespace hindsight::detail

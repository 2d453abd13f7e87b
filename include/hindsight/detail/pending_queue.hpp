// PendingQueue: the waiting records of one mailbox, first in, first out, with the holes between them.
// A container: it knows nothing of threads, locks or executors, and owns no references.
#pragma once

#include <hindsight/detail/envelope.hpp>
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

    /// Makes sure that the next push does not need memory. Throws std::bad_alloc, changing nothing.
    void reserve_one() { reserve(size_ + 1); }
    void reserve(std::size_t count) {
        if (count <= capacity_) return;
        const std::size_t larger = std::bit_ceil(std::max<std::size_t>(count, 8));
        auto slots = std::make_unique<Pending[]>(larger);
        for (std::size_t i = 0; i < size_; ++i) slots[i] = at(i);
        slots_ = std::move(slots);
        capacity_ = larger;
        first_ = 0;
    }

    void push(Envelope& envelope) noexcept {
        at(size_) = {&envelope, std::exchange(hole_at_end_, {})};
        ++size_;
    }

    Pending pop() noexcept {
        const Pending front = at(0);
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
        return front;
    }

    /// Takes the front out as if it had never been there; the hole that it leaves is merged into the next record's.
    Envelope* drop_front() noexcept {
        const Pending front = pop();
        Lagged hole = front.before;
        merge_hole(hole, {front.envelope->seq, front.envelope->seq, 1});
        Lagged& next = size_ > 0 ? at(0).before : hole_at_end_;
        merge_hole(hole, next);
        next = hole;
        return front.envelope;
    }

    void note_hole_at_end(const Lagged& hole) noexcept { merge_hole(hole_at_end_, hole); }
    Lagged take_hole_at_end() noexcept { return std::exchange(hole_at_end_, {}); }

    template <class F>
    void for_each(F visit) const {
        for (std::size_t i = 0; i < size_; ++i) visit(*slots_[(first_ + i) & (capacity_ - 1)].envelope);
    }

private:
    Pending& at(std::size_t index) noexcept { return slots_[(first_ + index) & (capacity_ - 1)]; }

    std::unique_ptr<Pending[]> slots_;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    Lagged hole_at_end_;
};

}  // namespace hindsight::detail

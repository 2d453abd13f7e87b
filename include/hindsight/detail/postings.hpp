// Postings: where the records of one name, key or source lie in a log: their positions, ascending.
// A container: it knows nothing of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace hindsight::detail {

/// A place in a RecordLog. Positions count up and wrap around: those of a log lie within 2^31 of each other, and are
/// compared by their distance from the log's first.
using Position = std::uint32_t;

class Postings {
public:
    Postings() noexcept = default;
    Postings(const Postings&) = delete;
    Postings& operator=(const Postings&) = delete;
    ~Postings() {
        if (!is_inline()) delete[] many_;
    }

    bool empty() const noexcept { return size_ == 0; }
    /// With those of records that are gone, of which there are fewer than of the others, or just a few.
    std::size_t size() const noexcept { return size_; }
    std::size_t live() const noexcept { return size_ - gone_; }
    Position operator[](std::size_t i) const noexcept { return positions()[index(i)]; }

    /// Whether one more fits, in memory that is not much too large.
    bool fits_one_more() const noexcept {
        return size_ < capacity_ && capacity_ <= std::uint64_t{size_} * 4 + small;
    }
    /// Throws std::bad_alloc, changing nothing.
    void make_fit() {
        const std::uint32_t capacity = size_ < few ? few : size_ + size_ / 2;
        auto* const fresh = capacity == few ? nullptr : new Position[capacity];
        Position moved[few];
        Position* const target = fresh != nullptr ? fresh : moved;
        for (std::uint32_t i = 0; i < size_; ++i) target[i] = (*this)[i];
        if (!is_inline()) delete[] many_;
        if (fresh != nullptr) {
            many_ = fresh;
        } else {
            std::copy_n(moved, size_, few_);
        }
        capacity_ = capacity;
        first_ = 0;
    }

    /// Only where it fits.
    void push_back(Position position) noexcept {
        positions()[index(size_)] = position;
        ++size_;
    }

    /// Takes out the position of a record that is gone, or leaves it for later; the first one is always a live one.
    /// `is_live(Position)` tells whether there is a record. O(1), amortised.
    template <class F>
    void remove(Position position, F is_live) noexcept {
        if ((*this)[0] != position) [[unlikely]] {
            ++gone_;
            if (gone_ > size_ / 2 + few) {
                replace_each([&](Position each) { return std::pair(each, is_live(each)); });
            }
            return;
        }
        pop_front();
        while (gone_ > 0 && !is_live((*this)[0])) {
            pop_front();
            --gone_;
        }
    }

    /// Replaces each by `replacement(Position)`: a pair of the new position, and whether it is to stay.
    template <class F>
    void replace_each(F replacement) noexcept {
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < size_; ++i) {
            const auto [position, stays] = replacement((*this)[i]);
            if (stays) positions()[index(kept++)] = position;
        }
        size_ = kept;
        gone_ = 0;
    }

    /// The index of the first whose distance from `base` is not less than this one.
    std::size_t lower_bound(Position base, Position distance) const noexcept {
        std::size_t begin = 0;
        for (std::size_t count = size_; count > 0;) {
            const std::size_t half = count / 2;
            if ((*this)[begin + half] - base < distance) {
                begin += half + 1;
                count -= half + 1;
            } else {
                count = half;
            }
        }
        return begin;
    }

private:
    static constexpr std::uint32_t few = 2;
    static constexpr std::uint32_t small = 16;

    bool is_inline() const noexcept { return capacity_ == few; }
    Position* positions() noexcept { return is_inline() ? few_ : many_; }
    const Position* positions() const noexcept { return is_inline() ? few_ : many_; }
    std::size_t index(std::size_t offset) const noexcept {
        const std::size_t i = first_ + offset;
        return i < capacity_ ? i : i - capacity_;
    }
    void pop_front() noexcept {
        first_ = first_ + 1 == capacity_ ? 0 : first_ + 1;
        --size_;
    }

    union {
        Position few_[few];  // of most keys there are a few records
        Position* many_;
    };
    std::uint32_t first_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = few;
    std::uint32_t gone_ = 0;
};

}  // namespace hindsight::detail

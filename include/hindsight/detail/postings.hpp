// Postings: where the records of one name, key or source lie in a log: their positions, ascending.
// A container: it knows nothing of threads.
#pragma once

#include <hindsight/detail/api.hpp>

#include <algorithm>
#include <bit>
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
    ~Postings() { free_many(); }

    bool empty() const noexcept { return first_ == end_; }
    /// With those of records that are gone, of which there are fewer than of the others, or just a few.
    std::size_t size() const noexcept { return count(); }
    std::size_t live() const noexcept { return count() - gone_; }
    Position operator[](std::size_t i) const noexcept { return positions_[index(i)]; }

    /// Whether one more fits, in memory that is not much too large.
    bool fits_one_more() const noexcept { return count() <= mask_ && mask_ < std::uint64_t{count()} * 4 + small; }
    /// Whether that many more fit.
    bool has_room_for(std::uint32_t more) const noexcept {
        return std::uint64_t{count()} + more <= mask_ + std::uint64_t{1};
    }
    /// Makes that many more fit. Throws std::bad_alloc, changing nothing.
    void make_fit(std::uint32_t more = 1) {
        const std::uint32_t size = count();
        const std::uint32_t capacity = std::max(few, std::bit_ceil(size + more));
        Position some[few] = {};
        Position* const fresh = capacity == few ? some : new Position[capacity];
        for (std::uint32_t i = 0; i < size; ++i) fresh[i] = (*this)[i];
        free_many();
        if (fresh == some) {
            std::ranges::copy(some, few_);
            positions_ = few_;
        } else {
            positions_ = fresh;
        }
        mask_ = capacity - 1;
        first_ = 0;
        end_ = size;
    }

    /// Only where it fits.
    void push_back(Position position) noexcept { positions_[end_++ & mask_] = position; }

    /// Takes out the position of a record that is gone, or leaves it for later; the first one is always a live one.
    /// `is_live(Position)` tells whether there is a record. O(1), amortised.
    template <class F>
    void remove(Position position, F is_live) noexcept {
        if ((*this)[0] == position) return remove_first(is_live);
        ++gone_;
        drop_gone(is_live);
    }
    template <class F>
    HINDSIGHT_ALWAYS_INLINE void remove_first(F is_live) noexcept {
        ++first_;
        if (gone_ > 0) [[unlikely]]
            drop_gone(is_live);
    }

    /// `push_back` and `remove_first` in one.
    template <class F>
    HINDSIGHT_ALWAYS_INLINE void replace_first(Position position, F is_live) noexcept {
        push_back(position);
        remove_first(is_live);
    }

    /// Whether `turn` will do: none is gone but for the first, and the memory is not much too large.
    bool can_turn() const noexcept { return gone_ == 0 && mask_ < std::uint64_t{count()} * 4 + small; }
    /// `replace_first` where there may be no room for one more.
    void turn(Position position) noexcept {
        ++first_;
        push_back(position);
    }

    /// Replaces each by `replacement(Position)`: a pair of the new position, and whether it is to stay.
    template <class F>
    void replace_each(F replacement) noexcept {
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < count(); ++i) {
            const auto [position, stays] = replacement((*this)[i]);
            if (stays) positions_[index(kept++)] = position;
        }
        end_ = first_ + kept;
        gone_ = 0;
    }

    /// The index of the first whose distance from `base` is not less than this one.
    std::size_t lower_bound(Position base, Position distance) const noexcept {
        std::size_t begin = 0;
        for (std::size_t count = size(); count > 0;) {
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
    template <class F>
    void drop_gone(F is_live) noexcept {
        while (gone_ > 0 && !is_live((*this)[0])) {
            ++first_;
            --gone_;
        }
        if (gone_ > count() / 2 + few) {
            replace_each([&](Position each) { return std::pair(each, is_live(each)); });
        }
    }

    static constexpr std::uint32_t few = 2;
    static constexpr std::uint32_t small = 16;

    std::uint32_t count() const noexcept { return end_ - first_; }
    std::size_t index(std::size_t offset) const noexcept {
        return (first_ + static_cast<std::uint32_t>(offset)) & mask_;
    }
    void free_many() noexcept {
        if (positions_ != few_) delete[] positions_;
    }

    Position* positions_ = few_;
    Position few_[few] = {};   // of most keys there are a few records
    std::uint32_t first_ = 0;  // counts on, as the end does: the mask makes it an index
    std::uint32_t end_ = 0;
    std::uint32_t mask_ = few - 1;  // the capacity is a power of two
    std::uint32_t gone_ = 0;
};

}  // namespace hindsight::detail

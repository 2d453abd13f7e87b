// Ring: a ring buffer of fixed capacity. A container: it knows nothing of threads.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace hindsight::detail {

/// For trivially copyable T. Memory that was never written to is not touched, so a large ring costs what it holds.
template <class T>
class Ring {
public:
    /// Throws std::bad_alloc. A capacity of 0 is a ring that holds nothing.
    explicit Ring(std::size_t capacity) : slots_(new T[capacity]), capacity_(capacity) {}

    std::size_t capacity() const noexcept { return capacity_; }
    std::size_t size() const noexcept { return size_; }
    bool full() const noexcept { return size_ == capacity_; }
    T front() const noexcept { return slots_[first_]; }
    T back() const noexcept { return slots_[index(size_ - 1)]; }

    /// Not to a full ring.
    void push_back(T value) noexcept {
        slots_[index(size_)] = value;
        ++size_;
    }

    /// Puts the value behind the others of a full ring, and takes out the first one to make room. Not where the
    /// capacity is 0.
    T push_back_for_front(T value) noexcept {
        const T oldest = std::exchange(slots_[first_], value);
        first_ = index(1);
        return oldest;
    }

    T pop_front() noexcept {
        const T value = front();
        first_ = index(1);
        --size_;
        return value;
    }

    /// Takes out one value, keeping the order of the others. O(size), but O(1) at the front.
    void erase(T value) noexcept {
        if (size_ > 0 && front() == value) {
            pop_front();
            return;
        }
        std::size_t kept = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            const T each = slots_[index(i)];
            if (each != value) slots_[index(kept++)] = each;
        }
        size_ = kept;
    }

    /// Replaces each by `replacement(T)`: a pair of the new value, and whether it is to stay.
    template <class F>
    void replace_each(F replacement) noexcept {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            const auto [value, stays] = replacement(slots_[index(i)]);
            if (stays) slots_[index(kept++)] = value;
        }
        size_ = kept;
    }

    void clear() noexcept { first_ = size_ = 0; }

private:
    std::size_t index(std::size_t offset) const noexcept {
        const std::size_t i = first_ + offset;
        return i < capacity_ ? i : i - capacity_;
    }

    std::unique_ptr<T[]> slots_;
    std::size_t capacity_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace hindsight::detail

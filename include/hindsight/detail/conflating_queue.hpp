// ConflatingQueue: the waiting records of a mailbox that keeps one, the newest, per event name and key.
// A newer record goes to the end, so the order stays that of seqs. A container: it knows nothing of threads.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/pending_queue.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace hindsight::detail {

class ConflatingQueue {
public:
    std::size_t size() const noexcept { return size_; }

    /// Makes sure that a record with a new key can be pushed. Throws std::bad_alloc, changing nothing.
    void reserve_one() { reserve(size_ + 1); }
    void reserve(std::size_t count) {
        if (count <= capacity_) return;
        const std::size_t larger = std::bit_ceil(std::max<std::size_t>(count, 8));
        auto entries = std::make_unique<Entry[]>(larger);
        auto buckets = std::make_unique<Index[]>(larger);

        std::fill_n(buckets.get(), larger, none);
        Index position = 0;
        for (Index i = oldest_; i != none; i = entries_[i].newer, ++position) {
            entries[position] = entries_[i];
            entries[position].older = position == 0 ? none : position - 1;
            entries[position].newer = position + 1 == size_ ? none : position + 1;
        }
        oldest_ = size_ == 0 ? none : 0;
        newest_ = size_ == 0 ? none : static_cast<Index>(size_ - 1);
        entries_ = std::move(entries);
        buckets_ = std::move(buckets);
        bucket_mask_ = larger - 1;
        capacity_ = larger;
        free_ = none;
        for (Index i = 0; i < size_; ++i) link_hash(i);
        for (Index i = static_cast<Index>(capacity_); i-- > size_;) {
            entries_[i].chain = free_;
            free_ = i;
        }
    }

    /// Puts the record at the end and returns the one with its name and key that it replaces, or null.
    /// Needs a free entry (reserve_one, drop_front) or a record with that name and key.
    Envelope* push(Envelope& envelope) noexcept {
        const std::size_t hash = hash_of(envelope);
        Index index = find(envelope, hash);
        Envelope* replaced = nullptr;
        if (index != none) {
            replaced = entries_[index].pending.envelope;
            move_hole_to_next(index);
            unlink_order(index);
        } else {
            index = free_;
            free_ = entries_[index].chain;
            entries_[index].hash = hash;
            link_hash(index);
            ++size_;
        }
        entries_[index].pending = {&envelope, {}};
        link_newest(index);
        return replaced;
    }

    bool contains_key_of(const Envelope& envelope) const noexcept {
        return capacity_ > 0 && find(envelope, hash_of(envelope)) != none;
    }

    Pending pop() noexcept {
        const Index index = oldest_;
        const Pending front = entries_[index].pending;
        unlink_order(index);
        unlink_hash(index);
        entries_[index].chain = free_;
        free_ = index;
        --size_;
        return front;
    }

    /// Takes the oldest out as if it had never been there; its hole is merged into the next record's.
    Envelope* drop_front() noexcept {
        const Pending front = pop();
        Lagged hole = front.before;
        merge_hole(hole, {front.envelope->seq, front.envelope->seq, 1});
        Lagged& next = oldest_ != none ? entries_[oldest_].pending.before : hole_at_end_;
        merge_hole(hole, next);
        next = hole;
        return front.envelope;
    }

    void note_hole_at_end(const Lagged& hole) noexcept { merge_hole(hole_at_end_, hole); }
    bool has_hole_at_end() const noexcept { return hole_at_end_.missed > 0; }
    Lagged take_hole_at_end() noexcept { return std::exchange(hole_at_end_, {}); }

    template <class F>
    void for_each(F visit) const {
        for (Index i = oldest_; i != none; i = entries_[i].newer) visit(*entries_[i].pending.envelope);
    }

private:
    using Index = std::uint32_t;
    static constexpr Index none = ~Index{0};

    struct Entry {
        Pending pending;
        std::size_t hash = 0;
        Index older = none, newer = none;  // in the order of the queue
        Index chain = none;                // of the same hash bucket, or of the free entries
    };

    static std::size_t hash_of(const Envelope& envelope) noexcept {
        const std::hash<std::string_view> hash;
        return hash(envelope.name()) * 31 + hash(envelope.key());
    }

    Index find(const Envelope& envelope, std::size_t hash) const noexcept {
        Index index = buckets_[hash & bucket_mask_];
        while (index != none) {
            const Entry& entry = entries_[index];
            const Envelope& other = *entry.pending.envelope;
            if (entry.hash == hash && other.name() == envelope.name() && other.key() == envelope.key()) break;
            index = entry.chain;
        }
        return index;
    }

    void link_hash(Index index) noexcept {
        Index& bucket = buckets_[entries_[index].hash & bucket_mask_];
        entries_[index].chain = bucket;
        bucket = index;
    }

    void unlink_hash(Index index) noexcept {
        Index* link = &buckets_[entries_[index].hash & bucket_mask_];
        while (*link != index) link = &entries_[*link].chain;
        *link = entries_[index].chain;
    }

    void link_newest(Index index) noexcept {
        Entry& entry = entries_[index];
        entry.older = newest_;
        entry.newer = none;
        (newest_ != none ? entries_[newest_].newer : oldest_) = index;
        newest_ = index;
        // A hole at the end lies before the record that now comes there.
        entry.pending.before = std::exchange(hole_at_end_, {});
    }

    void unlink_order(Index index) noexcept {
        const Entry& entry = entries_[index];
        (entry.older != none ? entries_[entry.older].newer : oldest_) = entry.newer;
        (entry.newer != none ? entries_[entry.newer].older : newest_) = entry.older;
    }

    void move_hole_to_next(Index index) noexcept {
        Lagged hole = entries_[index].pending.before;
        if (hole.missed == 0) return;
        const Index next_index = entries_[index].newer;
        Lagged& next = next_index != none ? entries_[next_index].pending.before : hole_at_end_;
        merge_hole(hole, next);
        next = hole;
    }

    std::unique_ptr<Entry[]> entries_;
    std::unique_ptr<Index[]> buckets_;
    std::size_t capacity_ = 0;
    std::size_t bucket_mask_ = 0;
    std::size_t size_ = 0;
    Index oldest_ = none, newest_ = none, free_ = none;
    Lagged hole_at_end_;
};

}  // namespace hindsight::detail

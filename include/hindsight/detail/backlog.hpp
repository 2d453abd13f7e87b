// Backlog: the records of history that a new subscription is given before what comes in, on their way out of its
// mailbox. Not bounded by the mailbox's capacity: history is. A container: it knows nothing of threads, and never
// allocates.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/pending_queue.hpp>
#include <hindsight/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace hindsight::detail {

class Backlog {
public:
    /// `needs_payload`: the handler takes the payload; a record that history kept without it is a hole.
    explicit Backlog(bool needs_payload) noexcept : needs_payload_(needs_payload) {}

    /// What history had let go of before; told first, without a count.
    void set_let_go(const Lagged& range) noexcept { let_go_ = range; }
    /// In seq order.
    void set_records(std::vector<EnvelopePtr>&& records) noexcept { records_ = std::move(records); }

    /// Whether it has nothing to tell.
    bool empty() const noexcept { return size() == 0 && let_go_.last == 0 && hole_.missed == 0; }
    /// How many records are left.
    std::size_t size() const noexcept { return records_.size() - next_; }

    struct Taken {
        Lagged let_go;               // before all others; none: `last` is 0
        std::size_t count = 0;       // in `out`, the last of which may be a hole without a record
        std::size_t records = 0;     // of these
        std::uint64_t payloads = 0;  // that were missing: as many records are part of holes
    };
    /// The next ones, with their references.
    Taken take(std::span<Pending> out) noexcept {
        Taken taken{.let_go = std::exchange(let_go_, {})};
        while (next_ < records_.size() && taken.records < out.size()) {
            EnvelopePtr& next = records_[next_++];
            if (needs_payload_ && !next->has(Envelope::has_payload)) {
                merge_hole(hole_, {next->seq, next->seq, 1});
                ++taken.payloads;
                next = EnvelopePtr();
            } else {
                out[taken.records++] = {next.detach(), std::exchange(hole_, {})};
            }
        }
        taken.count = taken.records;
        if (next_ == records_.size() && hole_.missed > 0 && taken.count < out.size())
            out[taken.count++] = {nullptr, std::exchange(hole_, {})};
        return taken;
    }

    /// Takes out the records that `goes(const Envelope&)` chooses. Throws std::bad_alloc, changing nothing.
    template <class F>
    std::vector<EnvelopePtr> take_if(F goes) {
        std::vector<EnvelopePtr> taken;
        taken.reserve(size());
        std::size_t kept = next_;
        for (std::size_t i = next_; i < records_.size(); ++i) {
            if (goes(*records_[i])) {
                taken.push_back(std::move(records_[i]));
            } else {
                std::swap(records_[kept++], records_[i]);
            }
        }
        records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(kept), records_.end());
        return taken;
    }

    /// Those that are left.
    std::span<const EnvelopePtr> rest() const noexcept { return std::span(records_).subspan(next_); }

private:
    std::vector<EnvelopePtr> records_;  // null: taken
    std::size_t next_ = 0;
    Lagged let_go_;
    Lagged hole_;  // before the next record
    const bool needs_payload_;
};

}  // namespace hindsight::detail

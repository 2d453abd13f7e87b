// Quarantine: when a subscription has failed too often, and until when it is left out then.
//
// The lock guards all but the options, and the moments at which the node's flag `quarantined` changes, so that of two
// threads that see the last failure one begins it, and that of a release and a new failure one comes first. Nothing
// else happens under it; clocks are read before.
#pragma once

#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/short_lock.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/types.hpp>
#include <hindsight/watching.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace hindsight::detail {

class Quarantine {
public:
    /// `flags`: the node's; `flag`: the one that says that it is in quarantine. Throws std::bad_alloc.
    Quarantine(const QuarantineOptions& options, std::atomic<std::uint32_t>& flags, std::uint32_t flag)
        : options_(options), flags_(flags), flag_(flag), newest_(options.failures) {}
    Quarantine(const Quarantine&) = delete;
    Quarantine& operator=(const Quarantine&) = delete;

    const QuarantineOptions& options() const noexcept { return options_; }

    /// One failure more; whether that was the one too many.
    bool note_failure(TimePoint now) noexcept {
        const std::lock_guard lock(lock_);
        if ((flags_.load(std::memory_order_relaxed) & flag_) != 0) return false;
        TimePoint& place = newest_[noted_++ % newest_.size()];
        place = now;
        if (noted_ < newest_.size()) return false;
        const TimePoint oldest = newest_[noted_ % newest_.size()];
        // The difference could be beyond the range of durations.
        if (now > oldest && now.time_since_epoch() - options_.window > oldest.time_since_epoch()) return false;
        noted_ = 0;
        began_ = now;
        flags_.fetch_or(flag_, std::memory_order_seq_cst);
        return true;
    }

    /// Ends it if it has lasted as long as it should; whether it is over.
    bool end_if_due(TimePoint now) noexcept {
        const std::lock_guard lock(lock_);
        if ((flags_.load(std::memory_order_relaxed) & flag_) == 0) return true;
        if (!options_.release_after || now.time_since_epoch() - *options_.release_after < began_.time_since_epoch())
            return false;
        flags_.fetch_and(~flag_, std::memory_order_seq_cst);
        return true;
    }

    /// Ends it, and forgets the failures before.
    void end() noexcept {
        const std::lock_guard lock(lock_);
        noted_ = 0;
        flags_.fetch_and(~flag_, std::memory_order_seq_cst);
    }

    RareCounter times;  // that it has begun

private:
    const QuarantineOptions options_;
    std::atomic<std::uint32_t>& flags_;
    const std::uint32_t flag_;
    ShortLock lock_;
    std::vector<TimePoint> newest_ HINDSIGHT_GUARDED_BY(lock_);  // failures, in a ring
    std::size_t noted_ HINDSIGHT_GUARDED_BY(lock_) = 0;          // since the last quarantine
    TimePoint began_ HINDSIGHT_GUARDED_BY(lock_){};
};

}  // namespace hindsight::detail

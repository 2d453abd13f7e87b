// What a bus watches beyond its counters: of one subscription, and of the events of each name.
//
// Names are found in a table with open addressing, without a lock. A place is filled once, by compare-and-exchange
// (release; readers acquire it), and never emptied before the table ends, which the hub owns: whoever runs a handler
// keeps that alive. The table has twice as many places as names, so a search always comes to an empty one.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/last_error.hpp>
#include <hindsight/detail/time_recorder.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hindsight::detail {

/// Of one subscription.
struct Watched {
    void reset() noexcept {
        if (run) run->reset();
        if (wait) wait->reset();
        slow.reset();
    }
    bool has_threshold() const noexcept { return slow_after != Duration::max(); }

    std::unique_ptr<TimeRecorder> run;      // null: times are not watched
    std::unique_ptr<TimeRecorder> wait;     // null: the same, or its events do not wait
    Duration slow_after = Duration::max();  // max(): nobody looks how long it takes
    RareCounter slow;
    Seq past_until = 0;  // records up to this one were replayed to it: written under the ledger's lock when it joins
};

/// Of the events of one name.
struct WatchedName {
    explicit WatchedName(std::string_view name_) : name(name_) {}

    void reset() noexcept {
        run.reset();
        wait.reset();
        failed.reset();
        last_error.set(nullptr);
    }

    const std::string name;
    TimeRecorder run;
    TimeRecorder wait;
    RareCounter failed;
    LastError last_error;
};

class HINDSIGHT_API WatchedNames {
public:
    /// Throws InvalidArgument for more than 2^20, std::bad_alloc.
    explicit WatchedNames(std::size_t max_names);
    ~WatchedNames();
    WatchedNames(const WatchedNames&) = delete;
    WatchedNames& operator=(const WatchedNames&) = delete;

    /// The one of this name; the one of all others when there are too many, or no memory for it.
    WatchedName& of(std::string_view name) noexcept;

    template <class F>
    void for_each(F visit) const {
        for (std::size_t i = 0; i < places_; ++i) {
            if (WatchedName* const each = table_[i].load(std::memory_order_acquire)) visit(*each);
        }
        visit(*others_);
    }

private:
    /// Fills an empty place, unless another thread has just done so; null: it stays empty.
    WatchedName* fill(std::atomic<WatchedName*>& place, std::string_view name) noexcept;

    const std::size_t max_names_;
    const std::size_t places_;  // a power of two, or 0
    std::atomic<std::size_t> used_{0};
    const std::unique_ptr<std::atomic<WatchedName*>[]> table_;
    const std::unique_ptr<WatchedName> others_;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/watched.ipp>
#endif

// ConcurrentRuns: the calls that a handler with `concurrency` over 1 is in the middle of. Such a mailbox has turns of
// its own (Hub::take_concurrent_turn), beside each other, each of which takes one event after the other.
//
// All of it is guarded by the ledger's lock but what the `progress` of a run says (see turn_progress.hpp): whoever
// began the run writes that, others read.
//
// Who comes: there is one wake at a time, as for any mailbox, so the one TaskMemory is enough; `Stage::waiting` says
// that it is under way. Under the lock, whoever arrives with it uses it up; takes the oldest event, if there is a run
// left for it; and if then events still wait and runs are left, sends the wake on to the executor, before calling the
// handler. So threads come one by one, until all runs are in use (`in_turn`: nobody has to be woken) or nothing waits
// (`idle`: the next emitter wakes). A thread whose call is over gives its run back and takes the next event in the same
// critical section, so nothing waits while a run is free and nobody comes: every section ends with one of the three.
//
// A wake that arrives inside a turn of the same thread, from an executor that runs tasks at once, is used up in vain:
// the handler is not called inside itself, and the thread goes on to what waits when its call is over. The mailbox is
// idle meanwhile, so other threads that emit come in.
//
// Who disconnects finds each running thread by its cell, as with direct handlers (quiescence.hpp).
#pragma once

#include <hindsight/detail/prefetch.hpp>
#include <hindsight/detail/turn_progress.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace hindsight::detail {

class ConcurrentRuns {
public:
    struct alignas(cache_line) Run {
        TurnProgress progress;
        Run* next_free = nullptr;
    };

    /// `most` at the same time; above 0. Throws std::bad_alloc.
    explicit ConcurrentRuns(std::size_t most) : runs_(std::make_unique<Run[]>(most)), most_(most) {
        for (Run& run : all()) end(run);
    }
    ConcurrentRuns(const ConcurrentRuns&) = delete;
    ConcurrentRuns& operator=(const ConcurrentRuns&) = delete;

    std::size_t most() const noexcept { return most_; }
    bool all_in_use() const noexcept { return free_ == nullptr; }

    /// Not when all are in use.
    Run& begin() noexcept { return *std::exchange(free_, free_->next_free); }
    /// It has nothing in hand.
    void end(Run& run) noexcept { run.next_free = std::exchange(free_, &run); }

    /// Events that were taken out of the mailbox, but are not done with.
    std::size_t in_hand() const noexcept {
        std::size_t sum = 0;
        for (const Run& run : all()) sum += run.progress.in_hand();
        return sum;
    }
    /// See TurnProgress::lost.
    std::size_t lost() const noexcept {
        std::size_t sum = 0;
        for (const Run& run : all()) sum += run.progress.lost();
        return sum;
    }

private:
    std::span<Run> all() noexcept { return {runs_.get(), most_}; }
    std::span<const Run> all() const noexcept { return {runs_.get(), most_}; }

    const std::unique_ptr<Run[]> runs_;
    const std::size_t most_;
    Run* free_ = nullptr;
};

}  // namespace hindsight::detail

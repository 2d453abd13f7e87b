// Executor: where queued handlers run. A bus has a thread pool of its own unless it, or a subscription, is given one.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace hindsight {

namespace detail {

/// Memory for what an executor puts around one task.
struct TaskMemory {
    alignas(std::max_align_t) std::byte bytes[128];
    std::atomic<bool> taken{false};
};

/// What a task runs: one subscription's waiting deliveries. Reference counted by hand.
struct TaskTarget {
    /// Runs `max` deliveries at most, adds them to `count`, and gives up the reference. True: more are waiting, and the
    /// reference is kept for another call.
    virtual bool run_task(std::size_t max, std::size_t& count) noexcept = 0;
    /// Counts what is waiting as undelivered, and gives up the reference.
    virtual void abandon_task() noexcept = 0;

    /// For its task, of which there is one at a time: sending it needs no other memory.
    virtual TaskMemory& task_memory() noexcept = 0;
    /// Whether it goes on with a delivery that has begun already.
    virtual bool is_part_of_run() const noexcept { return false; }

protected:
    ~TaskTarget() = default;
};

}  // namespace detail

/// A run of one subscription's waiting deliveries, for an executor to call once, on any thread.
///
/// A task that is destroyed without having been called abandons those deliveries: they are counted as undelivered and
/// whoever waits for them is released. Calling it never throws; calling it twice, or a moved-from task, does nothing.
class Task {
public:
    Task(Task&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        Task moved(std::move(other));
        std::swap(target_, moved.target_);
        return *this;
    }
    ~Task() {
        if (target_ != nullptr) target_->abandon_task();
    }

    void operator()() noexcept { run(no_limit); }

    /// For the library: takes over a reference.
    explicit Task(detail::TaskTarget* target) noexcept : target_(target) {}
    /// For the library: runs `max` deliveries at most and tells how many. The task is then spent, unless more wait.
    std::size_t run(std::size_t max) noexcept {
        std::size_t count = 0;
        if (target_ != nullptr && !target_->run_task(max, count)) target_ = nullptr;
        return count;
    }
    /// For the library: stays for as long as there is the task, or one that was made from it. Null: it is spent.
    detail::TaskMemory* memory() const noexcept { return target_ != nullptr ? &target_->task_memory() : nullptr; }
    bool spent() const noexcept { return target_ == nullptr; }
    bool is_part_of_run() const noexcept { return target_ != nullptr && target_->is_part_of_run(); }
    bool runs(const detail::TaskTarget& target) const noexcept { return target_ == &target; }

private:
    detail::TaskTarget* target_;
};

/// Both functions must be thread-safe. Whoever gave it to a bus shares it with the bus's subscriptions.
struct HINDSIGHT_API Executor {
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor();
    /// Calls `task`, once, on some thread, now or later. It may throw: that is reported as a failure of
    /// the subscription, and the waiting deliveries are given up, as those of a task that is destroyed.
    virtual void execute(Task task) = 0;
    /// Whether the calling thread is one that tasks run on. Such a thread never waits for room in a mailbox or for a
    /// receipt: it would wait for itself.
    virtual bool runs_here() const noexcept = 0;
};

/// Runs each task at once, on the thread that hands it over: queued handlers run before `emit` returns, and what they
/// emit before that, but for events of a subscription whose handler is running, which come after it. So a bus that one
/// thread uses does the same every time. With several threads a handler may run on any that emits; none of them waits
/// for room or for receipts.
class InlineExecutor final : public Executor {
public:
    void execute(Task task) override { task(); }
    bool runs_here() const noexcept override { return true; }
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/executor.ipp>
#endif

// Executors for tests: each does one thing with the tasks it is given.
#pragma once

#include <hindsight/executor.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace hindsight::test {

/// Keeps the tasks until the test runs them.
class ManualExecutor final : public Executor {
public:
    void execute(Task task) override {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    bool runs_here() const noexcept override {
        ++asked;
        if (on_question) on_question();
        return claims_this_thread;
    }

    /// Runs one task on this thread; false: none is waiting.
    bool run_one() {
        std::unique_lock lock(mutex_);
        if (tasks_.empty()) return false;
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        return true;
    }
    void run_all() {
        while (run_one()) {}
    }
    /// Destroys the tasks without running them.
    void drop_all() {
        std::unique_lock lock(mutex_);
        const std::deque<Task> dropped = std::exchange(tasks_, {});
        lock.unlock();
    }
    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return tasks_.size();
    }

    mutable std::atomic<int> asked{0};  // whether it runs on some thread: by who is about to wait

    // To be set before the executor is used.
    bool claims_this_thread = false;
    std::function<void()> on_question;  // called by runs_here

private:
    mutable std::mutex mutex_;
    std::deque<Task> tasks_;
};

/// Never takes a task: the call fails.
struct ThrowingExecutor final : Executor {
    void execute(Task) override { throw std::runtime_error("no thread left"); }
    bool runs_here() const noexcept override { return false; }
};

/// Takes each task and destroys it without running it.
struct DroppingExecutor final : Executor {
    void execute(Task) override {}
    bool runs_here() const noexcept override { return false; }
};

}  // namespace hindsight::test

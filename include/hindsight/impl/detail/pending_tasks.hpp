// PendingTasks: the executor of a bus without threads. Tasks wait until somebody runs them.
#pragma once

#include <hindsight/executor.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace hindsight::detail {

class PendingTasks final : public Executor {
public:
    void execute(Task task) override {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }

    /// No thread may count on another one to come and run the tasks.
    bool runs_here() const noexcept override { return true; }

    /// Runs the waiting deliveries, and those that they bring about, `max` at most; how many it ran.
    std::size_t run(std::size_t max) {
        std::size_t count = 0;
        while (count < max) {
            std::unique_lock lock(mutex_);
            if (tasks_.empty()) break;
            Task task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            count += task.run(max - count);
            if (task.spent()) continue;
            lock.lock();
            tasks_.push_front(std::move(task));
        }
        return count;
    }

private:
    std::mutex mutex_;
    std::deque<Task> tasks_;
};

}  // namespace hindsight::detail

// PendingTasks: the executor of a bus without threads. Tasks wait until somebody runs them.
#pragma once

#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/executor.hpp>

#include <cstddef>
#include <iterator>
#include <list>
#include <mutex>
#include <utility>

namespace hindsight::detail {

class PendingTasks final : public Executor {
public:
    void execute(Task task) override {
        std::list<Task> one;
        one.push_back(std::move(task));
        const std::lock_guard lock(mutex_);
        if (!ended_) tasks_.splice(tasks_.end(), one);
    }

    /// No thread may count on another one to come and run the tasks.
    bool runs_here() const noexcept override { return true; }

    /// Runs the waiting deliveries, and those that they bring about, `max` at most; how many handlers it called.
    std::size_t run(std::size_t max) {
        std::size_t count = 0;
        while (count < max) {
            std::unique_lock lock(mutex_);
            if (tasks_.empty()) break;
            std::list<Task> one;
            one.splice(one.end(), tasks_, tasks_.begin());
            lock.unlock();
            count += one.front().run(max - count);
            if (one.front().spent()) continue;
            lock.lock();
            tasks_.splice(tasks_.end(), one);  // the others have their turn first
        }
        return count;
    }

    /// Goes on with deliveries that have begun already, once each; whether there were any.
    bool go_on_with_runs() {
        std::list<Task> parts = take_if([](const Task& task) { return task.is_part_of_run(); });
        for (Task& part : parts) part();
        return !parts.empty();
    }

    /// Drops all tasks, also those that come.
    void end() noexcept {
        std::list<Task> dropped;  // destroyed after unlocking
        const std::lock_guard lock(mutex_);
        ended_ = true;
        dropped.swap(tasks_);
    }

    /// Drops the tasks of a subscription that has ended.
    void forget(const TaskTarget& target) noexcept {
        take_if([&](const Task& task) { return task.runs(target); });
    }

private:
    template <class F>
    std::list<Task> take_if(F goes) noexcept {
        std::list<Task> taken;
        const std::lock_guard lock(mutex_);
        for (auto each = tasks_.begin(); each != tasks_.end();) {
            const auto next = std::next(each);
            if (goes(*each)) taken.splice(taken.end(), tasks_, each);
            each = next;
        }
        return taken;
    }

    std::mutex mutex_;
    std::list<Task> tasks_ HINDSIGHT_GUARDED_BY(mutex_);
    bool ended_ HINDSIGHT_GUARDED_BY(mutex_) = false;
};

}  // namespace hindsight::detail

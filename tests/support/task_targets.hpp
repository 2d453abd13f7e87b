// A target of tasks, for tests of what runs them.
#pragma once

#include <hindsight/executor.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace hindsight::test {

/// Has some deliveries waiting; each does `work`. Counts how tasks end.
class TestTarget final : public detail::TaskTarget {
public:
    explicit TestTarget(
        std::function<void()> work = [] {}, std::size_t deliveries = 1)
        : work_(std::move(work)), waiting_(deliveries) {}

    bool run_task(std::size_t max, std::size_t& count) noexcept override {
        for (const std::size_t end = count + std::min(max, waiting_); count < end; ++count) {
            --waiting_;
            work_();
        }
        if (waiting_ > 0) return true;
        ++finished;
        return false;
    }
    void abandon_task() noexcept override { ++abandoned; }
    detail::TaskMemory& task_memory() noexcept override { return memory_; }

    std::atomic<int> finished{0};
    std::atomic<int> abandoned{0};

private:
    std::function<void()> work_;
    std::size_t waiting_;
    detail::TaskMemory memory_;
};

}  // namespace hindsight::test

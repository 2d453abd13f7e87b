#pragma once

#include <hindsight/error.hpp>
#include <hindsight/impl/detail/join_elsewhere.hpp>
#include <hindsight/thread_pool.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace hindsight {

namespace thread_pool {

/// Takes the memory that comes with a task, if it is large enough and nobody has it.
template <class T>
struct TaskAllocator {
    using value_type = T;

    explicit TaskAllocator(detail::TaskMemory* memory_) noexcept : memory(memory_) {}
    template <class U>
    TaskAllocator(const TaskAllocator<U>& other) noexcept : memory(other.memory) {}

    T* allocate(std::size_t count) {
        const bool fits =
            memory != nullptr && alignof(T) <= alignof(std::max_align_t) && count * sizeof(T) <= sizeof memory->bytes;
        // The last one to have it, on another thread, is done with it.
        if (fits && !memory->taken.exchange(true, std::memory_order_acquire))
            return reinterpret_cast<T*>(memory->bytes);
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* allocated, std::size_t count) noexcept {
        if (memory != nullptr && static_cast<void*>(allocated) == memory->bytes) {
            memory->taken.store(false, std::memory_order_release);
        } else {
            std::allocator<T>().deallocate(allocated, count);
        }
    }
    template <class U>
    bool operator==(const TaskAllocator<U>& other) const noexcept {
        return memory == other.memory;
    }

    detail::TaskMemory* memory;
};

}  // namespace thread_pool

struct ThreadPool::Threads {
    explicit Threads(unsigned count_) : count(count_), pool(count_) {}
    const unsigned count;
    boost::asio::thread_pool pool;
};

HINDSIGHT_INLINE ThreadPool::ThreadPool(unsigned threads) {
    if (threads == 0) throw InvalidArgument("ThreadPool: 0 threads would run nothing");
    if (threads == per_core) threads = std::max(1u, std::thread::hardware_concurrency());
    require_sensible(threads);
    threads_ = std::make_shared<Threads>(threads);
}

HINDSIGHT_INLINE void ThreadPool::require_sensible(unsigned threads) {
    constexpr unsigned most = 4096;
    if (threads > most) {
        throw InvalidArgument("threads is " + std::to_string(threads) + "; at most " + std::to_string(most) +
                              " are allowed");
    }
}

HINDSIGHT_INLINE ThreadPool::~ThreadPool() {
    if (runs_here()) {
        // A thread cannot join itself.
        detail::join_elsewhere(std::move(threads_), [](Threads& threads) { threads.pool.join(); });
    } else {
        join();
    }
}

HINDSIGHT_INLINE void ThreadPool::execute(Task task) {
    namespace asio = boost::asio;
    // What asio::post does, but with memory of the task's.
    const auto later = asio::require(threads_->pool.get_executor(), asio::execution::blocking.never);
    const thread_pool::TaskAllocator<void> allocator(task.memory());
    asio::prefer(later, asio::execution::relationship.fork, asio::execution::allocator(allocator))
        .execute(std::move(task));
}

HINDSIGHT_INLINE bool ThreadPool::runs_here() const noexcept {
    return threads_->pool.get_executor().running_in_this_thread();
}

HINDSIGHT_INLINE unsigned ThreadPool::threads() const noexcept {
    return threads_->count;
}

HINDSIGHT_INLINE void ThreadPool::join() noexcept {
    threads_->pool.join();
}

}  // namespace hindsight

#pragma once

#include <hindsight/error.hpp>
#include <hindsight/thread_pool.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

namespace hindsight {

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
        std::thread([threads = std::move(threads_)] { threads->pool.join(); }).detach();
    } else {
        join();
    }
}

HINDSIGHT_INLINE void ThreadPool::execute(Task task) {
    boost::asio::post(threads_->pool, std::move(task));
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

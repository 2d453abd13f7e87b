// Joins a pool on a thread of its own, for a thread that must not wait for the pool's.
#pragma once

#include <memory>
#include <thread>
#include <utility>

namespace hindsight::detail {

/// `join(pool)` waits for its threads.
template <class Pool, class Join>
void join_elsewhere(std::shared_ptr<Pool> pool, Join join) noexcept {
    try {
        std::thread([pool, join] { join(*pool); }).detach();
    } catch (...) {
        // Giving it up would wait for its threads: without a thread to do that on, it stays for good.
        union Kept {
            explicit Kept(std::shared_ptr<Pool>&& pool_) noexcept : pool(std::move(pool_)) {}
            ~Kept() {}  // NOLINT(modernize-use-equals-default): that would be a deleted one
            std::shared_ptr<Pool> pool;
        } const kept(std::move(pool));
    }
}

}  // namespace hindsight::detail

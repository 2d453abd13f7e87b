#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/short_lock.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

using namespace hindsight::test;
using hindsight::detail::ShortLock;

namespace {

TEST_CASE("a short lock is taken by one at a time", "[short_lock]") {
    ShortLock lock;
    lock.lock();
    CHECK_FALSE(lock.try_lock());
    CHECK_FALSE(run_elsewhere([&] { return lock.try_lock(); }));
    lock.unlock();
    CHECK(lock.try_lock());
    lock.unlock();
}

TEST_CASE("a short lock guards what is not atomic", "[short_lock]") {
    constexpr int threads = 4, times = 5000;
    ShortLock lock;
    int count = 0;
    {
        std::vector<std::jthread> counting;
        for (int thread = 0; thread < threads; ++thread) {
            counting.emplace_back([&] {
                for (int i = 0; i < times; ++i) {
                    const std::lock_guard guard(lock);
                    ++count;
                }
            });
        }
    }
    CHECK(count == threads * times);
}

TEST_CASE("all who sleep for a short lock get it, one after the other", "[short_lock]") {
    for (int round = 0; round < 20; ++round) {
        ShortLock lock;
        std::atomic<int> coming{0};
        int been = 0;
        std::vector<std::jthread> threads;
        lock.lock();
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                ++coming;
                const std::lock_guard guard(lock);
                ++been;
            });
        }
        spin_until([&] { return coming == 4; });
        let_others_run();  // long enough for them to stop spinning
        CHECK(been == 0);
        lock.unlock();
        threads.clear();
        CHECK(been == 4);
    }
}

TEST_CASE("a short lock wakes its sleepers however it is handed to and fro", "[short_lock]") {
    // Each thread holds the lock for long enough, now and then, to send the others to sleep.
    ShortLock lock;
    int count = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 3; ++thread) {
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) {
                    const std::lock_guard guard(lock);
                    ++count;
                    if (i % 50 == 0) let_others_run();
                }
            });
        }
    }
    CHECK(count == 3000);
}

}  // namespace

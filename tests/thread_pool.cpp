#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/task_targets.hpp"
#include "support/waiting.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <deque>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// Gives a pool work to do.
class Work {
public:
    explicit Work(Executor& executor) : executor_(executor) {}
    void operator()(std::function<void()> action) {
        executor_.execute(Task(&targets_.emplace_back(std::move(action))));
    }
    bool all_finished() const {
        return std::ranges::all_of(targets_, [](const TestTarget& target) { return target.finished == 1; });
    }

private:
    Executor& executor_;
    std::deque<TestTarget> targets_;
};

TEST_CASE("a pool has the threads that it was asked for", "[thread_pool]") {
    CHECK(ThreadPool(3).threads() == 3);
    CHECK(ThreadPool().threads() == std::max(1u, std::thread::hardware_concurrency()));
    CHECK(ThreadPool(per_core).threads() == ThreadPool().threads());
    STATIC_REQUIRE(std::is_base_of_v<Executor, ThreadPool>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<ThreadPool>);
}

TEST_CASE("a pool of no threads, or of too many, is refused", "[thread_pool]") {
    CHECK_THROWS_AS(ThreadPool(0), InvalidArgument);
    CHECK_THROWS_WITH(ThreadPool(0), Contains("ThreadPool") && Contains("0 threads"));
    CHECK_THROWS_AS(ThreadPool(100'000), InvalidArgument);
    CHECK_THROWS_WITH(ThreadPool(100'000), Contains("threads") && Contains("100000"));
}

TEST_CASE("tasks run on the pool's threads, and on all of them", "[thread_pool]") {
    ThreadPool pool(3), other(1);
    Work work(pool);
    std::barrier together(3);  // three at once, or this hangs
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::atomic<bool> knows_itself{true}, takes_another_for_itself{false};
    for (int i = 0; i < 3; ++i) {
        work([&] {
            together.arrive_and_wait();
            if (!pool.runs_here()) knows_itself = false;
            if (other.runs_here()) takes_another_for_itself = true;
            const std::lock_guard lock(mutex);
            threads.insert(std::this_thread::get_id());
        });
    }
    pool.join();
    CHECK(work.all_finished());
    CHECK(threads.size() == 3);
    CHECK(threads.count(std::this_thread::get_id()) == 0);
    CHECK(knows_itself);
    CHECK_FALSE(takes_another_for_itself);
    CHECK_FALSE(pool.runs_here());
}

TEST_CASE("joining waits for all tasks, and for those that they hand over", "[thread_pool]") {
    ThreadPool pool(1);
    Work first(pool), second(pool);
    std::promise<void> go;
    int done = 0;
    first([&, may_go = go.get_future().share()] {
        may_go.wait();
        for (int i = 0; i < 10; ++i) second([&] { ++done; });
        ++done;
    });
    go.set_value();
    pool.join();
    CHECK(done == 11);
    CHECK(first.all_finished());
    CHECK(second.all_finished());
}

TEST_CASE("the destructor runs what is waiting", "[thread_pool]") {
    std::optional<ThreadPool> pool(std::in_place, 1u);
    Work work(*pool);
    std::latch go(1);
    std::atomic<int> done{0};
    work([&] { go.wait(); });
    for (int i = 0; i < 50; ++i) work([&] { ++done; });
    CHECK(done == 0);
    go.count_down();
    pool.reset();
    CHECK(done == 50);
    CHECK(work.all_finished());
}

TEST_CASE("a pool may be let go of on one of its own threads", "[thread_pool]") {
    auto pool = std::make_shared<ThreadPool>(2u);
    std::promise<void> finished;
    TestTarget target([pool, &finished]() mutable {
        pool.reset();
        finished.set_value();
    });
    pool->execute(Task(&target));
    pool.reset();
    get_soon(finished.get_future());
    spin_until([&] { return target.finished == 1; });
    CHECK(target.abandoned == 0);
}

TEST_CASE("one pool serves several buses", "[thread_pool]") {
    const auto pool = std::make_shared<ThreadPool>(2u);
    EventBus one{{.executor = pool}}, other{{.executor = pool}};
    std::atomic<int> calls{0};
    std::atomic<bool> elsewhere{false};
    const auto handler = [&](const ClockTick&) {
        ++calls;
        if (!pool->runs_here()) elsewhere = true;
    };
    const Subscription first = one.subscribe<ClockTick>(handler);
    const Subscription second = other.subscribe<ClockTick>(handler);
    for (int i = 0; i < 100; ++i) {
        one.emit(ClockTick{i});
        other.emit(ClockTick{i});
    }
    one.emit(ClockTick{}).wait();
    other.emit(ClockTick{}).wait();
    CHECK(calls == 202);
    CHECK_FALSE(elsewhere);
}

TEST_CASE("a bus that cannot have its threads says so, and nothing is subscribed", "[thread_pool]") {
    const auto subscribe = [] {
        EventBus bus{{.pool = {.threads = 100'000}}};
        try {
            bus.subscribe<ClockTick>([](const ClockTick&) {}).disconnect();
        } catch (...) {
            CHECK(bus.subscription_count() == 0);
            CHECK(bus.emit(ClockTick{}).matched == 0);
            throw;
        }
    };
    CHECK_THROWS_AS(subscribe(), InvalidArgument);
    CHECK_THROWS_WITH(subscribe(), Contains("threads"));
}

}  // namespace

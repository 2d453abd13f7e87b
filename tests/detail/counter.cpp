#include "support/catch.hpp"

#include <hindsight/detail/counter.hpp>

#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

using hindsight::detail::Counter;
using hindsight::detail::RareCounter;
using hindsight::detail::ThreadSlot;

namespace {

TEST_CASE("a counter counts from zero, or from its reset", "[counter]") {
    const ThreadSlot& slot = ThreadSlot::current();
    Counter counter;
    CHECK(counter.get() == 0);
    counter.add(slot);
    counter.add(slot, 41);
    CHECK(counter.get() == 42);
    counter.reset();
    CHECK(counter.get() == 0);
    counter.add(slot, 2);
    CHECK(counter.get() == 2);
    counter.reset();
    counter.reset();
    CHECK(counter.get() == 0);
}

TEST_CASE("a counter loses nothing, with more threads than it has cells", "[counter]") {
    constexpr int threads = 12, times = 2000;
    Counter counter;
    {
        std::latch start(threads);
        std::vector<std::jthread> counting;
        for (int i = 0; i < threads; ++i) {
            counting.emplace_back([&] {
                const ThreadSlot& slot = ThreadSlot::current();
                start.arrive_and_wait();  // all have slots of their own now
                for (int time = 0; time < times; ++time) counter.add(slot);
            });
        }
    }
    CHECK(counter.get() == threads * times);
}

TEST_CASE("what a thread counted stays when it ends and another takes its slot", "[counter]") {
    Counter counter;
    for (int i = 0; i < 50; ++i) {
        std::thread([&] { counter.add(ThreadSlot::current(), 3); }).join();
    }
    CHECK(counter.get() == 150);
}

TEST_CASE("a rare counter counts what all threads add, and starts again", "[counter]") {
    RareCounter counter;
    {
        std::vector<std::jthread> counting;
        for (int i = 0; i < 3; ++i) {
            counting.emplace_back([&] {
                for (int time = 0; time < 1000; ++time) counter.add(ThreadSlot::current(), 2);
            });
        }
    }
    CHECK(counter.get() == 6'000);
    counter.reset();
    CHECK(counter.get() == 0);
}

TEST_CASE("a counter is read while threads count, and never goes back", "[counter]") {
    Counter counter;
    bool went_back = false;
    {
        std::vector<std::jthread> counting;
        for (int i = 0; i < 3; ++i) {
            counting.emplace_back([&] {
                for (int time = 0; time < 5000; ++time) counter.add(ThreadSlot::current());
            });
        }
        for (std::uint64_t last = 0; last < 15'000;) {
            const std::uint64_t now = counter.get();
            went_back = went_back || now < last;
            last = now;
        }
    }
    CHECK_FALSE(went_back);
    CHECK(counter.get() == 15'000);
}

}  // namespace

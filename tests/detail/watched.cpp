#include "support/catch.hpp"

#include <hindsight/detail/time_recorder.hpp>
#include <hindsight/detail/watched.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <latch>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace std::chrono_literals;
using hindsight::detail::TimeRecorder;
using hindsight::detail::WatchedNames;

namespace {

TEST_CASE("a bucket includes its upper edge, and there is one for everything", "[watched]") {
    TimeRecorder recorder;
    for (const Duration time : {-5ns, 0ns, 100ns, 101ns, 112ns, 113ns}) recorder.add(time);
    recorder.add(1000s);
    recorder.add(1000s + 1ns);
    const TimeStatistics times = recorder.read();
    std::vector<std::pair<Duration, std::uint64_t>> buckets;
    for (const auto& each : times.buckets) buckets.emplace_back(each.at_most, each.count);
    const std::vector<std::pair<Duration, std::uint64_t>> expected{
        {100ns, 3}, {112ns, 2}, {125ns, 1}, {1000s, 1}, {Duration::max(), 1}};
    CHECK(buckets == expected);
    CHECK(times.count == 8);
    CHECK(times.sum == 2000s + 427ns);
    CHECK(times.max == 1000s + 1ns);
    CHECK(times.p99 == times.max);
}

TEST_CASE("percentiles are as exact as they are said to be", "[watched]") {
    CAPTURE(test::random_seed());
    std::mt19937 random(test::random_seed());
    std::lognormal_distribution<double> spread(12, 2);  // of microseconds to seconds
    TimeRecorder recorder;
    std::vector<Duration> all;
    for (int i = 0; i < 5000; ++i) {
        all.emplace_back(static_cast<std::int64_t>(spread(random)));
        recorder.add(all.back());
    }
    std::ranges::sort(all);
    const TimeStatistics times = recorder.read();
    const auto check = [&](Duration found, double part) {
        const auto exact = static_cast<double>(all[static_cast<std::size_t>(part * 5000) - 1].count());
        CAPTURE(part, exact, found.count());
        CHECK(static_cast<double>(found.count()) < exact * 1.13 + 100);
        CHECK(static_cast<double>(found.count()) > exact / 1.13 - 100);
    };
    check(times.p50, 0.5);
    check(times.p90, 0.9);
    check(times.p99, 0.99);
    CHECK(times.max == all.back());
    recorder.reset();
    CHECK(recorder.read().count == 0);
    CHECK(recorder.read().max == Duration::zero());
}

TEST_CASE("threads that record at the same time lose nothing, and find one place for each name", "[watched]") {
    constexpr int threads = 6, times = 500, names = 20;
    WatchedNames watched(names);
    std::latch start(threads);
    {
        std::vector<std::jthread> recording;
        for (int t = 0; t < threads; ++t) {
            recording.emplace_back([&] {
                start.arrive_and_wait();
                for (int i = 0; i < times; ++i) watched.of("name." + std::to_string(i % names)).run.add(1us);
            });
        }
    }
    int found = 0;
    std::uint64_t total = 0;
    watched.for_each([&](const detail::WatchedName& each) {
        ++found;
        total += each.run.read().count;
        // While names are being made there may seem to be no room: those runs are among the others.
        if (each.name != "(other)") CHECK(each.run.read().count <= threads * times / names);
    });
    CHECK(found == names + 1);
    CHECK(total == threads * times);
}

TEST_CASE("names beyond the limit share one place", "[watched]") {
    WatchedNames watched(2);
    CHECK(watched.of("a").name == "a");
    CHECK(watched.of("b").name == "b");
    CHECK(watched.of("c").name == "(other)");
    CHECK(&watched.of("a") == &watched.of("a"));
    CHECK(WatchedNames(0).of("a").name == "(other)");
    CHECK_THROWS_AS(WatchedNames((std::size_t{1} << 20U) + 1), InvalidArgument);
}

}  // namespace

#include "support/catch.hpp"

#include <hindsight/detail/wall_clock.hpp>

#include <chrono>
#include <thread>

using hindsight::Duration;
using hindsight::TimePoint;
using hindsight::detail::WallClock;

namespace {

// Far more than the clock may be wrong by, and far less than any mistake in its arithmetic would make.
constexpr Duration tolerance = std::chrono::milliseconds(500);

TimePoint system_time() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

bool agrees_with_the_system() {
    const TimePoint before = system_time();
    const TimePoint now = WallClock::now();
    const TimePoint after = system_time();
    return now >= before - tolerance && now <= after + tolerance;
}

TEST_CASE("the wall clock agrees with the system's, from the first reading on", "[wall_clock]") {
    CHECK(agrees_with_the_system());
    bool agrees = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    while (std::chrono::steady_clock::now() < end) agrees = agrees && agrees_with_the_system();
    CHECK(agrees);
}

TEST_CASE("the wall clock goes on", "[wall_clock]") {
    const TimePoint start = WallClock::now();
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
    while (std::chrono::steady_clock::now() < end) WallClock::now();
    CHECK(WallClock::now() > start);
}

TEST_CASE("each thread reads the same time", "[wall_clock]") {
    bool agrees = false;
    std::thread([&] {
        agrees = agrees_with_the_system();
        for (int i = 0; i < 100'000; ++i) agrees = agrees && agrees_with_the_system();
    }).join();
    CHECK(agrees);
}

}  // namespace

#include "support/catch.hpp"

#include <hindsight/types.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

using namespace hindsight;

namespace {

TEST_CASE("severities are ordered from trace to critical", "[types]") {
    STATIC_REQUIRE(Severity::trace < Severity::debug);
    STATIC_REQUIRE(Severity::debug < Severity::info);
    STATIC_REQUIRE(Severity::info < Severity::warning);
    STATIC_REQUIRE(Severity::warning < Severity::error);
    STATIC_REQUIRE(Severity::error < Severity::critical);
}

TEST_CASE("severities have names", "[types]") {
    STATIC_REQUIRE(to_string(Severity::trace) == "trace");
    STATIC_REQUIRE(to_string(Severity::debug) == "debug");
    STATIC_REQUIRE(to_string(Severity::info) == "info");
    STATIC_REQUIRE(to_string(Severity::warning) == "warning");
    STATIC_REQUIRE(to_string(Severity::error) == "error");
    STATIC_REQUIRE(to_string(Severity::critical) == "critical");
    STATIC_REQUIRE(to_string(Severity{200}) == "unknown");
}

TEST_CASE("time is wall time in nanoseconds, whatever the clock", "[types]") {
    STATIC_REQUIRE(std::is_same_v<TimePoint::clock, std::chrono::system_clock>);
    STATIC_REQUIRE(std::is_same_v<TimePoint::duration, Duration>);
    STATIC_REQUIRE(std::is_same_v<Duration::period, std::nano>);
}

TEST_CASE("limits that are none compare as the largest", "[types]") {
    STATIC_REQUIRE(no_limit == std::numeric_limits<std::size_t>::max());
    STATIC_REQUIRE(per_core == std::numeric_limits<unsigned>::max());
    STATIC_REQUIRE(std::is_same_v<Seq, std::uint64_t>);
}

}  // namespace

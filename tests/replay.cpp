#include "support/catch.hpp"

#include <hindsight/replay.hpp>

#include <chrono>
#include <type_traits>

using hindsight::Replay;
using hindsight::TimePoint;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a replay is a plain value that says what is asked for", "[replay]") {
    STATIC_REQUIRE(std::is_trivially_copyable_v<Replay>);
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Replay>);
    STATIC_REQUIRE(Replay::last(3).kind() == Replay::Kind::last);
    STATIC_REQUIRE(Replay::last(3).count() == 3);
    STATIC_REQUIRE(Replay::from_seq(4).kind() == Replay::Kind::from_seq);
    STATIC_REQUIRE(Replay::from_seq(4).first() == 4);
    STATIC_REQUIRE(Replay::since(TimePoint{5s}).kind() == Replay::Kind::since);
    STATIC_REQUIRE(Replay::since(TimePoint{5s}).beginning() == TimePoint{5s});
    STATIC_REQUIRE(Replay::last_per_key().kind() == Replay::Kind::last_per_key);
}

}  // namespace

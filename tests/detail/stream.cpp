#include "support/catch.hpp"

#include <hindsight/detail/stream.hpp>

using hindsight::detail::Stream;

namespace {

TEST_CASE("occasional events are no stream, however many they become", "[stream]") {
    Stream stream;
    for (int i = 0; i < 1000; ++i) {
        CHECK_FALSE(stream.goes_on(1));
        CHECK_FALSE(stream.goes_on(0));
    }
}

TEST_CASE("a stream goes on over a short gap, and ends with a longer one", "[stream]") {
    Stream stream;
    for (int i = 0; i < 4; ++i) stream.goes_on(64);
    CHECK(stream.goes_on(1));
    CHECK(stream.goes_on(0));
    CHECK(stream.goes_on(5));
    int looks = 0;
    while (stream.goes_on(0)) ++looks;
    CHECK(looks > 0);
    CHECK(looks < 10);
    CHECK_FALSE(stream.goes_on(1));
}

}  // namespace

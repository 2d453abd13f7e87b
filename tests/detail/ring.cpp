#include "support/catch.hpp"

#include <hindsight/detail/ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

using hindsight::detail::Ring;

namespace {

std::vector<int> contents(Ring<int> ring) {
    std::vector<int> values;
    while (ring.size() > 0) values.push_back(ring.pop_front());
    return values;
}

Ring<int> ring_of(std::size_t capacity, const std::vector<int>& values) {
    Ring<int> ring(capacity);
    for (const int value : values) {
        if (ring.full()) ring.pop_front();
        ring.push_back(value);
    }
    return ring;
}

TEST_CASE("a ring is first in, first out, also past its end", "[ring]") {
    Ring<int> ring(3);
    CHECK(ring.capacity() == 3);
    CHECK(ring.size() == 0);
    for (int round = 0; round < 10; ++round) {
        ring.push_back(round);
        CHECK_FALSE(ring.full());
        ring.push_back(round + 100);
        CHECK(ring.size() == 2);
        CHECK(ring.front() == round);
        CHECK(ring.pop_front() == round);
        CHECK(ring.pop_front() == round + 100);
    }
    for (int i = 0; i < 3; ++i) ring.push_back(i);
    CHECK(ring.full());
    ring.clear();
    CHECK(ring.size() == 0);
    CHECK_FALSE(ring.full());
}

TEST_CASE("a ring without capacity is full and empty", "[ring]") {
    const Ring<int> ring(0);
    CHECK(ring.capacity() == 0);
    CHECK(ring.size() == 0);
    CHECK(ring.full());
}

TEST_CASE("one value is erased, and the others keep their order", "[ring]") {
    for (const int value : {4, 5, 6, 7}) {
        Ring<int> ring = ring_of(4, {1, 2, 3, 4, 5, 6, 7});
        std::vector<int> expected{4, 5, 6, 7};
        std::erase(expected, value);
        ring.erase(value);
        CHECK(contents(std::move(ring)) == expected);
    }
    Ring<int> ring = ring_of(4, {1, 2, 3});
    ring.erase(9);
    CHECK(contents(std::move(ring)) == std::vector{1, 2, 3});
    Ring<int> empty(4);
    empty.erase(9);
    CHECK(empty.size() == 0);
}

TEST_CASE("values of a ring are replaced in their places, or taken out", "[ring]") {
    Ring<int> ring = ring_of(4, {1, 2, 3, 4, 5, 6, 7});
    ring.replace_each([](int each) { return std::pair(each * 10, each != 5); });
    CHECK(contents(std::move(ring)) == std::vector<int>{40, 60, 70});
}

TEST_CASE("random operations on a ring give what they give on a deque", "[ring]") {
    const std::uint32_t seed = hindsight::test::random_seed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 50; ++round) {
        Ring<int> ring(1 + random() % 6);
        std::deque<int> naive;
        for (int step = 0; step < 100; ++step) {
            const auto operation = random() % 4;
            if (operation < 2 && !ring.full()) {
                ring.push_back(step);
                naive.push_back(step);
            } else if (operation == 2 && ring.size() > 0) {
                REQUIRE(ring.pop_front() == naive.front());
                naive.pop_front();
            } else if (!naive.empty()) {
                const int value = naive[random() % naive.size()];
                ring.erase(value);
                std::erase(naive, value);
            }
            REQUIRE(ring.size() == naive.size());
            REQUIRE(ring.full() == (naive.size() == ring.capacity()));
            if (!naive.empty()) REQUIRE(ring.front() == naive.front());
        }
        REQUIRE(std::ranges::equal(contents(std::move(ring)), naive));
    }
}

}  // namespace

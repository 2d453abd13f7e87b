#include "support/catch.hpp"

#include <hindsight/detail/postings.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <set>
#include <utility>

using hindsight::detail::Position;
using hindsight::detail::Postings;

namespace {

TEST_CASE("random changes of postings leave what they leave of a deque", "[postings]") {
    const std::uint32_t seed = hindsight::test::random_seed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 30; ++round) {
        Postings postings;
        std::deque<Position> live;
        std::set<Position> gone;
        const auto is_live = [&](Position each) { return !gone.contains(each); };
        const Position base = 0u - static_cast<Position>(random() % 300);  // positions wrap around
        Position next = base;
        const bool in_order = random() % 2 == 0;
        const bool shrinks = random() % 2 == 0;
        for (int step = 0; step < 600; ++step) {
            if (random() % 3 != 0 && !(shrinks && step > 300)) {
                if (!postings.fits_one_more()) postings.make_fit();
                next += 1 + static_cast<Position>(random() % 3);
                postings.push_back(next);
                live.push_back(next);
            } else if (!live.empty()) {
                const std::size_t which = in_order ? 0 : random() % live.size();
                const Position position = live[which];
                gone.insert(position);
                live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
                postings.remove(position, is_live);
            }
            REQUIRE(postings.live() == live.size());
            REQUIRE(postings.empty() == live.empty());
            REQUIRE(postings.size() <= 2 * live.size() + 6);
            if (in_order) REQUIRE(postings.size() == live.size());
            if (live.empty()) continue;
            REQUIRE(postings[0] == live.front());
            std::deque<Position> found;
            for (std::size_t i = 0; i < postings.size(); ++i) {
                if (is_live(postings[i])) found.push_back(postings[i]);
            }
            REQUIRE(found == live);
            const auto distance = static_cast<Position>(random() % (next - base + 3));
            std::size_t expected = 0;
            while (expected < postings.size() && postings[expected] - base < distance) ++expected;
            REQUIRE(postings.lower_bound(base, distance) == expected);
        }
    }
}

TEST_CASE("postings are replaced in their order, or taken out", "[postings]") {
    Postings postings;
    for (Position position = 0; position < 10; ++position) {
        if (!postings.fits_one_more()) postings.make_fit();
        postings.push_back(position);
    }
    postings.replace_each([](Position each) { return std::pair(each / 2, each % 2 == 1); });
    REQUIRE(postings.size() == 5);
    for (Position i = 0; i < 5; ++i) CHECK(postings[i] == i);
}

TEST_CASE("memory that is much too large does not fit", "[postings]") {
    Postings postings;
    const auto fill = [&](Position end) {
        for (Position position = 0; position < end; ++position) {
            if (!postings.fits_one_more()) postings.make_fit();
            postings.push_back(position);
        }
    };
    fill(1000);
    for (Position position = 0; position < 999; ++position) postings.remove(position, [](Position) { return true; });
    CHECK_FALSE(postings.fits_one_more());
    postings.make_fit();
    CHECK(postings.fits_one_more());
    CHECK(postings.size() == 1);
    CHECK(postings[0] == 999);
}

}  // namespace

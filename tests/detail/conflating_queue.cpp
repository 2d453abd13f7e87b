#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/pending.hpp"

#include <hindsight/detail/conflating_queue.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::ConflatingQueue;

namespace {

TEST_CASE("a newer record replaces that of its name and key, and goes to the end", "[conflating_queue]") {
    Envelopes events;
    ConflatingQueue queue;
    queue.reserve(4);
    CHECK(queue.push(events.at(1, "a")) == nullptr);
    CHECK(queue.push(events.at(2, "b")) == nullptr);
    CHECK(queue.push(events.at(3, "c")) == nullptr);
    CHECK(queue.push(events.at(4, "a")) == &events[1]);
    CHECK(queue.size() == 3);
    CHECK(queue.push(events.at(5, "a")) == &events[4]);
    CHECK(visited(queue) == Seqs{2, 3, 5});
    CHECK(pop(queue) == Taken{2});
    CHECK(queue.push(events.at(6, "c")) == &events[3]);
    CHECK(queue.push(events.at(7, "b")) == nullptr);
    CHECK(visited(queue) == Seqs{5, 6, 7});
}

TEST_CASE("records of the same key and another name are others", "[conflating_queue]") {
    const auto one = envelope_named("sensor.temperature_of_the_air", 1, "north");
    const auto other = envelope_named("sensor.temperature_of_water", 2, "north");
    const auto same = envelope_named("sensor.temperature_of_the_air", 3, "north");
    ConflatingQueue queue;
    CHECK_FALSE(queue.contains_key_of(*one));
    queue.reserve(3);
    CHECK_FALSE(queue.contains_key_of(*one));
    CHECK(queue.push(*one) == nullptr);
    CHECK_FALSE(queue.contains_key_of(*other));
    CHECK(queue.contains_key_of(*same));
    CHECK(queue.push(*other) == nullptr);
    CHECK(queue.push(*same) == one.get());
    CHECK(queue.size() == 2);
}

TEST_CASE("what is replaced leaves no hole, but passes on the one before it", "[conflating_queue]") {
    Envelopes events;
    ConflatingQueue queue;
    queue.reserve(4);
    for (Seq seq = 1; seq <= 3; ++seq) queue.push(events.at(seq, std::string(1, static_cast<char>('a' + seq))));
    CHECK(queue.drop_front() == &events[1]);
    CHECK(queue.push(events.at(4, "c")) == &events[2]);  // the hole was before 2, now it is before 3
    CHECK(pop(queue) == Taken{3, 1, 1, 1});
    CHECK(pop(queue) == Taken{4});

    SECTION("also where nothing else is there to pass it on to") {
        queue.push(events.at(5, "x"));
        queue.push(events.at(6, "y"));
        CHECK(queue.drop_front() == &events[5]);
        CHECK(queue.push(events.at(7, "y")) == &events[6]);
        CHECK(pop(queue) == Taken{7, 5, 5, 1});
    }
    SECTION("and the holes of those that are dropped one after the other become one") {
        for (Seq seq = 5; seq <= 8; ++seq) queue.push(events.at(seq, std::to_string(seq)));
        for (Seq seq = 5; seq <= 7; ++seq) CHECK(queue.drop_front() == &events[seq]);
        CHECK(pop(queue) == Taken{8, 5, 7, 3});
    }
    SECTION("and a hole at the end may be taken by itself") {
        queue.push(events.at(5, "x"));
        CHECK(queue.drop_front() == &events[5]);
        CHECK(queue.size() == 0);
        CHECK(queue.take_hole_at_end().missed == 1);
        CHECK(queue.take_hole_at_end().missed == 0);
    }
}

TEST_CASE("memory for more keys holds what was there", "[conflating_queue]") {
    Envelopes events;
    ConflatingQueue queue;
    for (Seq seq = 1; seq <= 100; ++seq) {
        queue.reserve_one();
        CHECK(queue.push(events.at(seq, std::to_string(seq))) == nullptr);
    }
    queue.drop_front();
    queue.reserve(1000);
    CHECK(queue.size() == 99);
    CHECK(queue.push(events.at(101, "50")) == &events[50]);
    CHECK(pop(queue) == Taken{2, 1, 1, 1});
    ConflatingQueue taker = std::move(queue);
    CHECK(taker.contains_key_of(events[99]));
    CHECK(pop(taker) == Taken{3});
    CHECK(taker.size() == 97);
}

TEST_CASE("random operations on a conflating queue give what they give on a vector", "[conflating_queue]") {
    struct Waiting {
        Seq seq;
        std::string key;
        std::uint64_t missed;  // in the hole before it
    };
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 20; ++round) {
        Envelopes events;
        ConflatingQueue queue;
        std::vector<Waiting> naive;
        std::uint64_t end = 0;
        const auto missed_after = [&](std::size_t index) -> std::uint64_t& {
            return index + 1 < naive.size() ? naive[index + 1].missed : end;
        };
        for (Seq seq = 1; seq <= 200; ++seq) {
            const auto operation = random() % 8;
            if (operation < 5) {
                const std::string key = std::to_string(random() % 12);
                queue.reserve_one();
                const detail::Envelope* const replaced = queue.push(events.at(seq, key));
                const auto same = std::ranges::find(naive, key, &Waiting::key);
                REQUIRE((replaced ? replaced->seq : 0) == (same != naive.end() ? same->seq : 0));
                if (same != naive.end()) {
                    missed_after(static_cast<std::size_t>(same - naive.begin())) += same->missed;
                    naive.erase(same);
                }
                naive.push_back({seq, key, std::exchange(end, 0)});
            } else if (!naive.empty() && operation < 7) {
                const detail::Pending front = queue.pop();
                REQUIRE(front.envelope->seq == naive.front().seq);
                REQUIRE(front.before.missed == naive.front().missed);
                naive.erase(naive.begin());
            } else if (!naive.empty()) {
                REQUIRE(queue.drop_front()->seq == naive.front().seq);
                missed_after(0) += naive.front().missed + 1;
                naive.erase(naive.begin());
            }
            REQUIRE(queue.size() == naive.size());
            Seqs expected;
            for (const Waiting& each : naive) expected.push_back(each.seq);
            REQUIRE(visited(queue) == expected);
        }
        REQUIRE(queue.take_hole_at_end().missed == end);
    }
}

}  // namespace

#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"
#include "support/pending.hpp"

#include <hindsight/detail/pending_queue.hpp>

#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Pending;
using detail::PendingQueue;

namespace {

TEST_CASE("a pending queue is first in, first out", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    CHECK(queue.size() == 0);
    for (Seq seq = 1; seq <= 20; ++seq) {
        queue.reserve_one();
        queue.push(events[seq]);
    }
    CHECK(queue.size() == 20);
    for (Seq seq = 1; seq <= 20; ++seq) CHECK(pop(queue) == Taken{seq});
    CHECK(queue.size() == 0);
    CHECK(queue.take_hole_at_end().missed == 0);
}

TEST_CASE("what is dropped at the front leaves a hole before the next", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    queue.reserve(5);
    for (Seq seq = 1; seq <= 5; ++seq) queue.push(events[seq]);
    CHECK(queue.drop_front() == &events[1]);
    CHECK(queue.drop_front() == &events[2]);
    CHECK(pop(queue) == Taken{3, 1, 2, 2});
    CHECK(queue.drop_front() == &events[4]);
    CHECK(pop(queue) == Taken{5, 4, 4, 1});
}

TEST_CASE("a hole at the end comes before what is pushed next, or is taken by itself", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    queue.reserve(4);
    queue.push(events[1]);
    queue.note_hole_at_end({2, 2, 1});
    queue.note_hole_at_end({4, 4, 1});
    queue.push(events[5]);
    queue.note_hole_at_end({6, 6, 1});
    CHECK(pop(queue) == Taken{1});
    CHECK(pop(queue) == Taken{5, 2, 4, 2});
    const Lagged hole = queue.take_hole_at_end();
    CHECK(hole.first == 6);
    CHECK(hole.last == 6);
    CHECK(hole.missed == 1);
    CHECK(queue.take_hole_at_end().missed == 0);
}

TEST_CASE("holes on both sides of a dropped record become one", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    queue.reserve(4);
    queue.note_hole_at_end({1, 1, 1});
    queue.push(events[2]);
    queue.note_hole_at_end({3, 3, 1});
    CHECK(queue.drop_front() == &events[2]);
    CHECK(queue.size() == 0);
    queue.push(events[7]);
    CHECK(pop(queue) == Taken{7, 1, 3, 3});
}

TEST_CASE("memory is reserved before, and holds what was there", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    queue.reserve(3);
    for (Seq seq = 1; seq <= 3; ++seq) queue.push(events[seq]);
    queue.drop_front();
    queue.note_hole_at_end({4, 4, 1});
    queue.reserve(100);
    queue.push(events[5]);
    CHECK(visited(queue) == Seqs{2, 3, 5});
    CHECK(pop(queue) == Taken{2, 1, 1, 1});
    CHECK(pop(queue) == Taken{3});
    CHECK(pop(queue) == Taken{5, 4, 4, 1});
}

TEST_CASE("a moved queue takes everything with it", "[pending_queue]") {
    Envelopes events;
    PendingQueue queue;
    queue.reserve(2);
    queue.push(events[1]);
    queue.note_hole_at_end({2, 2, 1});
    PendingQueue taker = std::move(queue);
    taker.reserve_one();
    taker.push(events[3]);
    CHECK(pop(taker) == Taken{1});
    CHECK(pop(taker) == Taken{3, 2, 2, 1});
}

TEST_CASE("random operations on a pending queue give what they give on a deque", "[pending_queue]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    Envelopes events;
    for (int round = 0; round < 20; ++round) {
        PendingQueue queue;
        std::deque<Taken> naive;
        Taken end{0};  // the hole at the end
        const auto add_hole = [](Taken& to, Taken hole) {
            if (hole.missed == 0) return;
            to = {to.seq, to.missed == 0 ? hole.first : to.first, hole.last, to.missed + hole.missed};
        };
        for (Seq seq = 1; seq <= 200; ++seq) {
            const auto operation = random() % 8;
            if (operation < 4) {
                queue.reserve_one();
                queue.push(events[seq]);
                naive.push_back({seq, end.first, end.last, end.missed});
                end = Taken{0};
            } else if (operation < 5) {
                queue.note_hole_at_end({seq, seq, 1});
                add_hole(end, {0, seq, seq, 1});
            } else if (queue.size() > 0 && operation < 7) {
                REQUIRE(pop(queue) == naive.front());
                naive.pop_front();
            } else if (queue.size() > 0) {
                REQUIRE(queue.drop_front()->seq == naive.front().seq);
                Taken hole{0};
                add_hole(hole, naive.front());
                add_hole(hole, {0, naive.front().seq, naive.front().seq, 1});
                naive.pop_front();
                Taken& next = naive.empty() ? end : naive.front();
                add_hole(hole, next);
                next = {next.seq, hole.first, hole.last, hole.missed};
            }
            REQUIRE(queue.size() == naive.size());
        }
        while (!naive.empty()) {
            REQUIRE(pop(queue) == naive.front());
            naive.pop_front();
        }
        REQUIRE(queue.take_hole_at_end().missed == end.missed);
    }
}

}  // namespace

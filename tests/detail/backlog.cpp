#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"
#include "support/pending.hpp"

#include <hindsight/detail/backlog.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Backlog;
using detail::EnvelopePtr;
using detail::Pending;

namespace {

/// Records with these seqs; negative: without their payload.
std::vector<EnvelopePtr> records(std::initializer_list<int> seqs) {
    std::vector<EnvelopePtr> made;
    for (const int seq : seqs) {
        made.push_back(envelope_of(ClockTick{}, static_cast<Seq>(seq < 0 ? -seq : seq), {}, seq > 0));
    }
    return made;
}

/// What it hands out, `most` at a time.
std::vector<Taken> take_all(Backlog& backlog, std::size_t most) {
    std::vector<Taken> all;
    std::array<Pending, 8> out;
    while (!backlog.empty()) {
        const Backlog::Taken portion = backlog.take(std::span(out).first(most));
        REQUIRE(portion.count <= most);
        for (const Pending& each : std::span(out).first(portion.count)) {
            all.push_back(taken(each));
            if (each.envelope != nullptr) release(each.envelope);
        }
    }
    return all;
}

TEST_CASE("the backlog comes in portions, in order", "[backlog]") {
    Backlog backlog(false);
    CHECK(backlog.empty());
    backlog.set_records(records({1, 2, -3, 5}));
    CHECK(backlog.size() == 4);
    CHECK(take_all(backlog, GENERATE(1u, 3u, 8u)) == std::vector<Taken>{{1}, {2}, {3}, {5}});
    CHECK(backlog.size() == 0);
}

TEST_CASE("records without a payload that is needed are holes", "[backlog]") {
    Backlog backlog(true);
    const std::size_t most = GENERATE(1u, 2u, 8u);
    SECTION("between others") {
        backlog.set_records(records({-1, 2, -3, -5, 7}));
        CHECK(take_all(backlog, most) == std::vector<Taken>{{2, 1, 1, 1}, {7, 3, 5, 2}});
    }
    SECTION("at the end") {
        backlog.set_records(records({1, -2, -4}));
        CHECK(take_all(backlog, most) == std::vector<Taken>{{1}, {0, 2, 4, 2}});
    }
    SECTION("alone") {
        backlog.set_records(records({-1, -2}));
        CHECK(take_all(backlog, most) == std::vector<Taken>{{0, 1, 2, 2}});
    }
}

TEST_CASE("what was let go of is handed out once, first of all", "[backlog]") {
    Backlog backlog(false);
    backlog.set_let_go({3, 9, 0});
    CHECK_FALSE(backlog.empty());
    CHECK(backlog.size() == 0);
    std::array<Pending, 1> out;
    const Backlog::Taken first = backlog.take(out);
    CHECK(first.let_go.first == 3);
    CHECK(first.let_go.last == 9);
    CHECK(first.count == 0);
    CHECK(backlog.empty());
    CHECK(backlog.take(out).let_go.last == 0);
}

TEST_CASE("records can be taken out of the rest of the backlog", "[backlog]") {
    Backlog backlog(false);
    backlog.set_records(records({1, 2, 3, 4, 5}));
    std::array<Pending, 2> out;
    for (const Pending& each : std::span(out).first(backlog.take(out).count)) release(each.envelope);
    const std::vector<EnvelopePtr> gone =
        backlog.take_if([](const detail::Envelope& each) { return each.seq % 2 == 0; });
    REQUIRE(gone.size() == 1);
    CHECK(gone[0]->seq == 4);
    REQUIRE(backlog.rest().size() == 2);
    CHECK(backlog.rest()[0]->seq == 3);
    CHECK(take_all(backlog, 8) == std::vector<Taken>{{3}, {5}});
}

}  // namespace

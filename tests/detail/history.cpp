#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/history.hpp>
#include <hindsight/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Envelope;
using detail::EvictedRecords;
using detail::History;
using detail::RetentionRule;

namespace {

using Seqs = std::vector<Seq>;

/// Walks the list both ways.
Seqs seqs_of(const History& history) {
    Seqs forwards, backwards;
    for (const Envelope* each = history.oldest(); each != nullptr; each = each->newer) forwards.push_back(each->seq);
    for (const Envelope* each = history.newest(); each != nullptr; each = each->older) {
        backwards.insert(backwards.begin(), each->seq);
    }
    CHECK(forwards == backwards);
    CHECK(forwards.size() == history.size());
    return forwards;
}

void append(History& history, detail::EnvelopePtr envelope) {
    RetentionRule& rule = history.rule_for(envelope->name());
    detail::Container& container = history.container_for(rule, *envelope);
    EvictedRecords evicted;
    history.append(*envelope.detach(), container, evicted);
}

const std::string name = "sensor.temperature_of_the_air";

TEST_CASE("records come into the one list over all, whatever ring they lie in", "[history]") {
    History history({.policies = {{"sensor.*", BucketRing{.capacity = 2}}}});
    append(history, envelope_of(ClockTick{}, 1));
    append(history, envelope_named(name, 2, "a"));
    append(history, envelope_of(ClockTick{}, 3));
    append(history, envelope_named(name, 5, "b"));
    CHECK(seqs_of(history) == Seqs{1, 2, 3, 5});
    CHECK(history.shared_size() == 2);
    CHECK(history.rules().front()->size == 2);
    std::size_t bytes = 0;
    for (const Envelope* each = history.oldest(); each != nullptr; each = each->newer) bytes += each->footprint;
    CHECK(history.bytes() == bytes);
}

TEST_CASE("evicted records live until their scope ends", "[history]") {
    const int alive = Fragile::alive;
    History history({.capacity = 1});
    append(history, envelope_of(Fragile(), 1));
    {
        EvictedRecords evicted;
        RetentionRule& rule = history.rule_for("fragile.thing");
        detail::EnvelopePtr second = envelope_of(Fragile(), 2);
        detail::Container& container = history.container_for(rule, *second);
        history.append(*second.detach(), container, evicted);
        CHECK(seqs_of(history) == Seqs{2});
        CHECK(Fragile::alive == alive + 2);
        history.clear(evicted);
        CHECK(history.size() == 0);
        CHECK(history.bytes() == 0);
        CHECK(Fragile::alive == alive + 2);
    }
    CHECK(Fragile::alive == alive);
}

TEST_CASE("a history lets go of its records at its end", "[history]") {
    const int alive = Fragile::alive;
    {
        History history{HistoryOptions{}};
        append(history, envelope_of(Fragile(), 1));
        append(history, envelope_of(Fragile(), 2));
        CHECK(Fragile::alive == alive + 2);
    }
    CHECK(Fragile::alive == alive);
}

TEST_CASE("chosen records are taken out of the middle, and their rings go on", "[history]") {
    History history({.capacity = 4, .policies = {{"sensor.*", BucketRing{.capacity = 3}}}});
    for (Seq seq = 1; seq <= 4; ++seq) append(history, envelope_of(ClockTick{}, seq));
    for (Seq seq = 5; seq <= 7; ++seq) append(history, envelope_named(name, seq));
    {
        EvictedRecords evicted;
        history.erase_if([](const Envelope& each) { return each.seq % 2 == 0; }, evicted);
    }
    CHECK(seqs_of(history) == Seqs{1, 3, 5, 7});
    CHECK(history.rules().front()->evicted == 1);
    CHECK(history.rules().back()->evicted == 2);
    for (Seq seq = 8; seq <= 10; ++seq) append(history, envelope_of(ClockTick{}, seq));
    for (Seq seq = 11; seq <= 12; ++seq) append(history, envelope_named(name, seq));
    CHECK(seqs_of(history) == Seqs{3, 7, 8, 9, 10, 11, 12});
    EvictedRecords evicted;
    history.erase_if([](const Envelope&) { return true; }, evicted);
    CHECK(seqs_of(history).empty());
}

TEST_CASE("another history's records are taken over", "[history]") {
    History old({.capacity = 5});
    for (Seq seq = 1; seq <= 3; ++seq) append(old, envelope_named(name, seq, seq == 2 ? "b" : "a"));
    append(old, envelope_of(ClockTick{}, 4));
    append(old, envelope_of(TaskFailed{}, 5));
    History fresh({.capacity = 5, .policies = {{"sensor.*", BucketRing{}}, {"task.*", KeepNone{}}}});
    {
        EvictedRecords evicted;
        fresh.take_over(old, evicted);
    }
    CHECK(seqs_of(old).empty());
    CHECK(old.bytes() == 0);
    CHECK(seqs_of(fresh) == Seqs{2, 3, 4});
    for (const Envelope* each = fresh.oldest(); each != nullptr; each = each->newer) {
        CHECK(each->container->rule == &fresh.rule_for(each->name()));
    }
    append(fresh, envelope_named(name, 6, "a"));
    CHECK(seqs_of(fresh) == Seqs{2, 4, 6});
}

TEST_CASE("a record is kept whole if its rule keeps any, and the limits on bytes let it", "[history]") {
    const std::size_t header = envelope_of(Blob{0}, 1)->footprint;
    History history({.max_payload_bytes = 100, .max_total_bytes = header + 90, .policies = {{"clock.*", KeepNone{}}}});
    const auto keeps_whole = [&](const detail::EnvelopePtr& envelope) {
        return history.keeps_whole(history.rule_for(envelope->name()), *envelope);
    };
    CHECK(keeps_whole(envelope_of(Blob{90}, 1)));
    CHECK_FALSE(keeps_whole(envelope_of(Blob{91}, 1)));
    CHECK_FALSE(keeps_whole(envelope_of(Blob{101}, 1)));
    CHECK_FALSE(keeps_whole(envelope_of(ClockTick{}, 1)));
}

TEST_CASE("a moved history takes everything with it", "[history]") {
    History history({.capacity = 2});
    append(history, envelope_of(ClockTick{}, 1));
    append(history, envelope_of(ClockTick{}, 2));
    History other({.capacity = 9});
    append(other, envelope_of(ClockTick{}, 8));
    std::swap(history, other);
    CHECK(seqs_of(history) == Seqs{8});
    CHECK(history.options().capacity == 9);
    CHECK(seqs_of(other) == Seqs{1, 2});
    append(other, envelope_of(ClockTick{}, 3));
    CHECK(seqs_of(other) == Seqs{2, 3});
    append(history, envelope_of(ClockTick{}, 9));
    CHECK(seqs_of(history) == Seqs{8, 9});
}

TEST_CASE("the user's rules come first, then the library's, then the one for all others", "[history]") {
    History history({.policies = {{"a.*", KeepNone{}}, {"*", SharedRing{}}}});
    CHECK(history.rules().size() == 4);
    CHECK(&history.rule_for("a.b") == history.rules()[0].get());
    CHECK(&history.rule_for("b.a") == history.rules()[1].get());
    CHECK(&history.rule_for("hindsight.handler_error") == history.rules()[2].get());
    CHECK(history.rules()[2]->bucket_capacity == 16);
    CHECK_FALSE(history.rules()[3]->pattern);
    CHECK(History({.capacity = 0}).rule_for("hindsight.handler_error").kind == RetentionRule::Kind::none);
    CHECK_THROWS_AS(History({.capacity = no_limit}), InvalidArgument);
}

}  // namespace

#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/history.hpp>
#include <hindsight/error.hpp>

#include <algorithm>
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
using detail::RecordLog;
using detail::RetentionRule;

namespace {

using Seqs = std::vector<Seq>;

Seqs seqs_of(const History& history) {
    Seqs seqs;
    std::size_t bytes = 0;
    history.for_each_log([&](const RecordLog& log) {
        Seqs of_log;
        for (detail::Position offset = 0; offset < log.span(); ++offset) {
            const Envelope* const each = *log.slot(offset);
            if (each == nullptr) continue;
            of_log.push_back(each->seq);
            bytes += each->footprint;
        }
        CHECK(std::ranges::is_sorted(of_log));
        CHECK(of_log.size() == log.size());
        seqs.insert(seqs.end(), of_log.begin(), of_log.end());
    });
    std::ranges::sort(seqs);
    CHECK(history.size() == seqs.size());
    CHECK(history.bytes() == bytes);
    CHECK((history.oldest() == nullptr) == seqs.empty());
    CHECK((history.newest() == nullptr) == seqs.empty());
    if (!seqs.empty()) {
        CHECK(history.oldest()->seq == seqs.front());
        CHECK(history.newest()->seq == seqs.back());
    }
    return seqs;
}

void append(History& history, detail::EnvelopePtr envelope, EvictedRecords& evicted) {
    const History::Place place = history.place_for(history.rule_for(envelope->name()), *envelope);
    history.append(*envelope.detach(), place, evicted);
}
void append(History& history, detail::EnvelopePtr envelope) {
    EvictedRecords evicted;
    append(history, std::move(envelope), evicted);
}

const std::string name = "sensor.temperature_of_the_air";

TEST_CASE("records come into the log of their rule, or the shared one", "[history]") {
    History history({.policies = {{"sensor.*", BucketRing{.capacity = 2}}}});
    append(history, envelope_of(ClockTick{}, 1));
    append(history, envelope_named(name, 2, "a"));
    append(history, envelope_of(ClockTick{}, 3));
    append(history, envelope_named(name, 5, "b"));
    CHECK(seqs_of(history) == Seqs{1, 2, 3, 5});
    CHECK(history.shared().size() == 2);
    CHECK(history.log_of(*history.rules().front()).size() == 2);
    CHECK(&history.log_of(*history.rules().back()) == &history.shared());
}

TEST_CASE("evicted records live until their scope ends", "[history]") {
    const int alive = Fragile::alive;
    History history({.capacity = 1});
    append(history, envelope_of(Fragile(), 1));
    {
        EvictedRecords evicted;
        append(history, envelope_of(Fragile(), 2), evicted);
        CHECK(seqs_of(history) == Seqs{2});
        CHECK(Fragile::alive == alive + 2);
        history.clear(evicted, 2);
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
        history.erase_if([](const Envelope& each) { return each.seq % 2 == 0; }, evicted, 7);
    }
    CHECK(seqs_of(history) == Seqs{1, 3, 5, 7});
    CHECK(history.rules().front()->evicted == 1);
    CHECK(history.rules().back()->evicted == 2);
    for (Seq seq = 8; seq <= 10; ++seq) append(history, envelope_of(ClockTick{}, seq));
    for (Seq seq = 11; seq <= 12; ++seq) append(history, envelope_named(name, seq));
    CHECK(seqs_of(history) == Seqs{3, 7, 8, 9, 10, 11, 12});
    EvictedRecords evicted;
    history.erase_if([](const Envelope&) { return true; }, evicted, 12);
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
        fresh.take_over(old, evicted, 5);
    }
    CHECK(seqs_of(old).empty());
    CHECK(old.bytes() == 0);
    CHECK(seqs_of(fresh) == Seqs{2, 3, 4});
    CHECK(fresh.rules().front()->buckets.size() == 2);
    CHECK(fresh.shared().size() == 1);
    CHECK(fresh.rules()[1]->evicted == 1);
    append(fresh, envelope_named(name, 6, "a"));
    CHECK(seqs_of(fresh) == Seqs{2, 4, 6});
}

TEST_CASE("a place that was prepared and not used leaves no trace", "[history]") {
    History history({.policies = {{"sensor.*", BucketRing{}}}});
    append(history, envelope_named(name, 1, "a"));
    for (const char* const key : {"b", "c", "a"}) {
        const detail::EnvelopePtr unused = envelope_named(name, 2, key);
        history.place_for(history.rule_for(name), *unused);
    }
    const detail::EnvelopePtr unused = envelope_of(ClockTick{}, 2);
    history.place_for(history.rule_for("clock.tick"), *unused);
    CHECK(seqs_of(history) == Seqs{1});
    const RecordLog& log = history.log_of(history.rule_for(name));
    CHECK(log.names().size() == 1);
    CHECK(log.keys().size() == 1);
    CHECK(log.keys().find("b") == nullptr);
    CHECK(history.shared().names().size() == 0);
}

TEST_CASE("the rings of buckets survive the closing of gaps", "[history]") {
    History history({.policies = {{"sensor.*", BucketRing{.capacity = 2}}}});
    append(history, envelope_named(name, 1, "quiet"));
    for (Seq seq = 2; seq <= 500; ++seq) append(history, envelope_named(name, seq, seq % 2 == 0 ? "a" : "b"));
    CHECK(seqs_of(history) == Seqs{1, 497, 498, 499, 500});
    CHECK(history.log_of(history.rule_for(name)).span() <= 16);
    append(history, envelope_named(name, 501, "quiet"));
    append(history, envelope_named(name, 502, "quiet"));
    CHECK(seqs_of(history) == Seqs{497, 498, 499, 500, 501, 502});
}

TEST_CASE("a record is kept whole if the limits on bytes let it", "[history]") {
    const std::size_t header = envelope_of(Blob{0}, 1)->footprint;
    const History history({.max_payload_bytes = 100, .max_total_bytes = header + 90});
    CHECK(history.takes_whole(*envelope_of(Blob{90}, 1)));
    CHECK_FALSE(history.takes_whole(*envelope_of(Blob{91}, 1)));
    CHECK_FALSE(history.takes_whole(*envelope_of(Blob{101}, 1)));
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

#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/record_log.hpp>
#include <hindsight/detail/retention_rule.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Envelope;
using detail::EnvelopePtr;
using detail::Position;
using detail::RecordLog;

namespace {

/// A log and the records in it.
struct Filled {
    explicit Filled(std::size_t capacity) : log(rule, capacity) {}
    Filled() : log(rule) {}

    /// Where the log was full, `evicted` is the record that left.
    Position append(EnvelopePtr envelope) {
        log.prepare(*envelope, [&](const auto&) { ++moves; });
        kept.push_back(envelope);
        evicted = log.is_full() ? log.push_back_for_oldest(*envelope).seq : 0;
        return evicted != 0 ? log.first_position() + log.span() - 1 : log.push_back(*envelope);
    }
    std::vector<Seq> seqs() const {
        std::vector<Seq> seqs;
        for (Position offset = 0; offset < log.span(); ++offset) {
            if (const Envelope* const each = *log.slot(offset)) seqs.push_back(each->seq);
        }
        return seqs;
    }

    detail::RetentionRule rule{std::nullopt, SharedRing{}, 0};
    std::vector<EnvelopePtr> kept;
    int moves = 0;
    Seq evicted = 0;
    RecordLog log;
};

using Seqs = std::vector<Seq>;

TEST_CASE("a ring's log goes round", "[record_log]") {
    Filled filled(3);
    RecordLog& log = filled.log;
    for (Seq seq = 1; seq <= 10; ++seq) {
        const Position position = filled.append(envelope_of(ClockTick{}, seq));
        CHECK(log.at(position)->seq == seq);
        CHECK(log.is_full() == (seq >= 3));
        CHECK(filled.evicted == (seq > 3 ? seq - 3 : 0));
    }
    CHECK(filled.seqs() == Seqs{8, 9, 10});
    CHECK(filled.moves == 0);
    CHECK(log.oldest()->seq == 8);
    CHECK(log.newest()->seq == 10);
    CHECK(log.at(log.first_position() - 1) == nullptr);
    CHECK(log.at(log.first_position() + log.span()) == nullptr);
    log.clear();
    CHECK(log.oldest() == nullptr);
    CHECK(log.newest() == nullptr);
    filled.append(envelope_of(ClockTick{}, 11));
    CHECK(filled.seqs() == Seqs{11});
}

TEST_CASE("a record takes the place of the oldest at once where the two are alike", "[record_log]") {
    Filled filled(3);
    RecordLog& log = filled.log;
    const auto plain = [&](auto event, Seq seq) -> Envelope& {
        filled.kept.push_back(envelope_of(event, seq));
        filled.kept.back()->flags |= Envelope::plain;
        return *filled.kept.back();
    };
    const auto append = [&](Envelope& envelope) { filled.append(EnvelopePtr::share(envelope)); };
    append(plain(ClockTick{}, 1));
    append(plain(ClockTick{}, 2));
    CHECK(log.push_back_for_alike(plain(ClockTick{}, 3)) == nullptr);  // it is not full
    append(*filled.kept.back());
    Envelope* const left = log.push_back_for_alike(plain(ClockTick{}, 4));
    REQUIRE(left != nullptr);
    CHECK(left->seq == 1);
    CHECK(filled.seqs() == Seqs{2, 3, 4});

    CHECK(log.push_back_for_alike(plain(TaskFailed{}, 5)) == nullptr);  // of another type
    Envelope& larger = plain(ClockTick{}, 5);
    larger.payload_bytes += 1;
    CHECK(log.push_back_for_alike(larger) == nullptr);
    Envelope& says_more = plain(ClockTick{}, 5);
    says_more.flags |= Envelope::replayed;
    CHECK(log.push_back_for_alike(says_more) == nullptr);
    CHECK(filled.seqs() == Seqs{2, 3, 4});

    for (Seq seq = 5; seq <= 20; ++seq) REQUIRE(log.push_back_for_alike(plain(ClockTick{}, seq))->seq == seq - 3);
    const detail::TextEntry* const entry = log.names().find("clock.tick");
    REQUIRE(entry->postings.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(log.at(entry->postings[i])->seq == 18 + i);
    append(plain(TaskFailed{}, 21));
    CHECK(log.push_back_for_alike(plain(ClockTick{}, 22))->seq == 19);
    CHECK(log.push_back_for_alike(plain(ClockTick{}, 23))->seq == 20);
    CHECK(log.push_back_for_alike(plain(ClockTick{}, 24)) == nullptr);
    CHECK(filled.seqs() == Seqs{21, 22, 23});
}

TEST_CASE("gaps are closed when there is no room, and the indexes follow", "[record_log]") {
    Filled filled(6);
    RecordLog& log = filled.log;
    std::vector<Position> positions;
    for (Seq seq = 1; seq <= 6; ++seq) {
        positions.push_back(filled.append(envelope_of(ClockTick{}, seq, {.source = seq % 2 == 0 ? "even" : "odd"})));
    }
    log.remove(positions[1]);
    log.remove(positions[2]);
    log.remove(positions[5]);
    CHECK(log.newest()->seq == 5);
    CHECK(log.span() == 6);
    CHECK(log.lower_bound(2) == 3);
    filled.append(envelope_of(ClockTick{}, 7, {.source = "odd"}));
    CHECK(filled.moves == 1);
    filled.append(envelope_of(ClockTick{}, 8, {.source = "even"}));
    CHECK(filled.moves == 1);
    CHECK(filled.seqs() == Seqs{1, 4, 5, 7, 8});
    CHECK(log.span() == 5);
    const auto seqs_with = [&](const detail::TextEntry* entry) {
        Seqs seqs;
        for (std::size_t i = 0; i < entry->postings.size(); ++i) seqs.push_back(log.at(entry->postings[i])->seq);
        return seqs;
    };
    CHECK(seqs_with(log.sources().find("odd")) == Seqs{1, 5, 7});
    CHECK(seqs_with(log.sources().find("even")) == Seqs{4, 8});
    CHECK(seqs_with(log.names().find("clock.tick")) == Seqs{1, 4, 5, 7, 8});
}

TEST_CASE("a log without a capacity grows", "[record_log]") {
    Filled filled;
    for (Seq seq = 1; seq <= 1000; ++seq) filled.append(envelope_of(ClockTick{}, seq));
    CHECK_FALSE(filled.log.is_full());
    CHECK(filled.seqs().size() == 1000);
    CHECK(filled.moves < 10);
}

TEST_CASE("records are found by their seqs, across gaps", "[record_log]") {
    for (const Seq step : {Seq{1}, Seq{3}}) {
        Filled filled(100);
        RecordLog& log = filled.log;
        for (Seq seq = 10; seq < 310; seq += step) filled.append(envelope_of(ClockTick{}, seq));
        const Position first = log.first_position();
        for (Position i = 0; i < 100; ++i) {
            if (i % 5 == 2 || (i > 40 && i < 60)) log.remove(first + i);
        }
        for (Seq seq = 0; seq < 320; ++seq) {
            Position expected = 0;
            while (expected < log.span() && (*log.slot(expected) == nullptr || (*log.slot(expected))->seq < seq)) {
                ++expected;
            }
            REQUIRE(log.lower_bound(seq) == expected);
        }
    }
}

TEST_CASE("texts of records that are gone leave the indexes", "[record_log]") {
    Filled filled(10);
    RecordLog& log = filled.log;
    for (Seq seq = 1; seq <= 200; ++seq) {
        const std::string text = std::to_string(seq);
        filled.append(envelope_named("number.n" + text, seq, text));
        REQUIRE(log.names().size() == log.size());
        REQUIRE(log.keys().size() == log.size());
        REQUIRE(log.sources().size() == 0);
    }
}

}  // namespace

#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/name_index.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace hindsight::test;
using hindsight::detail::EnvelopePtr;
using hindsight::detail::NameIndex;
using hindsight::detail::Position;
using hindsight::detail::TextEntry;

namespace {

struct Names {
    void add(const EnvelopePtr& envelope, Position position) { index.add(index.prepare(*envelope), position); }
    void remove(const EnvelopePtr& envelope, Position position) {
        index.remove(*envelope, position, [](Position) { return true; });
    }
    std::vector<std::string> beginning_with(std::string_view text) const {
        std::vector<std::string> found;
        index.for_each_beginning_with(text, [&](const TextEntry& entry) {
            found.emplace_back(entry.text());
            return true;
        });
        return found;
    }
    NameIndex index;
};

TEST_CASE("names are found by what they begin with", "[name_index]") {
    Names names;
    const std::vector<std::string> all{"a", "a.b", "a.c", "ab", "b.a"};
    Position position = 0;
    for (const std::string& each : {all[3], all[0], all[4], all[2], all[1]}) {
        names.add(envelope_named(each, 1), position++);
    }
    CHECK(names.beginning_with("") == all);
    CHECK(names.beginning_with("a.") == std::vector<std::string>{"a.b", "a.c"});
    CHECK(names.beginning_with("c").empty());
    int visits = 0;
    names.index.for_each_beginning_with("", [&](const TextEntry&) { return ++visits < 2; });
    CHECK(visits == 2);
    names.remove(envelope_named("a.b", 1), 4);
    CHECK(names.beginning_with("a.") == std::vector<std::string>{"a.c"});
}

TEST_CASE("the entry of a type is not remembered beyond its last record", "[name_index]") {
    Names names;
    const EnvelopePtr tick = envelope_of(ClockTick{}, 1);
    for (Position round = 0; round < 3; ++round) {
        for (Position i = 0; i < 3; ++i) names.add(tick, 3 * round + i);
        REQUIRE(names.index.find("clock.tick") != nullptr);
        CHECK(names.index.find("clock.tick")->postings.size() == 3);
        for (Position i = 0; i < 3; ++i) names.remove(tick, 3 * round + i);
        CHECK(names.index.find("clock.tick") == nullptr);
        CHECK(names.index.size() == 0);
    }
    names.add(tick, 100);
    names.add(tick, 101);
    names.index.clear();
    names.add(tick, 102);
    CHECK(names.index.find("clock.tick")->postings.size() == 1);
}

TEST_CASE("a type and an event that names itself share a name", "[name_index]") {
    Names names;
    names.add(envelope_of(ClockTick{}, 1), 1);
    names.add(envelope_named("clock.tick", 2), 2);
    names.add(envelope_of(ClockTick{}, 3), 3);
    CHECK(names.index.size() == 1);
    CHECK(names.index.find("clock.tick")->postings.size() == 3);
    names.remove(envelope_named("clock.tick", 2), 1);
    CHECK(names.index.find("clock.tick")->postings.size() == 2);
}

TEST_CASE("what is only prepared has no name", "[name_index]") {
    Names names;
    names.index.prepare(*envelope_named("a.b", 1));
    names.index.prepare(*envelope_named("a.c", 1));
    CHECK(names.beginning_with("").empty());
    names.add(envelope_named("a.d", 1), 1);
    CHECK(names.beginning_with("") == std::vector<std::string>{"a.d"});
}

}  // namespace

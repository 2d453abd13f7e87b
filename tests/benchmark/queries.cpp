// Queries of a large history whose records are in no cache.
#include "cases.hpp"
#include "readings.hpp"
#include "report.hpp"
#include "rounds.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <functional>
#include <random>
#include <stdexcept>

namespace hindsight_benchmark {

namespace {

using Clock = std::chrono::steady_clock;
using hindsight::EventStore;
using hindsight::Query;

constexpr std::size_t newest = 100;
constexpr std::size_t wanted_records = 1000;

struct Measured {
    double microseconds;
    int queries;
};

// The median of queries that each ask for something else. Fewer than `planned` where they take too long.
Measured time_cold(const EventStore& store, int planned, double box_seconds, const std::function<Query()>& make_query) {
    const auto begin = Clock::now();
    std::vector<double> times;
    for (int i = 0; i < planned; ++i) {
        if (i >= 3 && std::chrono::duration<double>(Clock::now() - begin).count() > box_seconds) break;
        const Query query = make_query();
        forget_data();
        warm_up(store);
        const auto start = Clock::now();
        const auto records = store.query(query);
        const std::chrono::duration<double, std::micro> taken = Clock::now() - start;
        if (records.size() < query.limit - query.limit / 10)
            throw std::runtime_error("the history lacks what is sought");
        times.push_back(taken.count());
    }
    return {median(times), static_cast<int>(times.size())};
}

using Kind = Query (*)(std::uint32_t);

constexpr std::array<std::pair<const char*, Kind>, 3> kinds{{
    {"type", [](std::uint32_t i) { return Query{.name = reading_names()[i], .limit = newest}; }},
    {"key", [](std::uint32_t i) { return Query{.key = reading_keys()[i], .limit = newest}; }},
    {"source", [](std::uint32_t i) { return Query{.source = reading_sources()[i], .limit = newest}; }},
}};

// By kind. Each text has at least twice as many records as are asked for, if it is not of the few in the way.
std::array<Measured, kinds.size()> newest_of(std::size_t records, const Effort& effort) {
    const auto texts = static_cast<std::uint32_t>(std::min<std::size_t>(reading_texts, records / (2 * newest)));
    const auto store = store_of_readings(records, texts);
    std::mt19937 random(7);
    std::array<Measured, kinds.size()> measured{};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        measured[i] = time_cold(*store, 11 * effort.rounds, effort.box_seconds / 10,
                                [&] { return kinds[i].second(static_cast<std::uint32_t>(random() % texts)); });
    }
    return measured;
}

void newest_of_one(const Effort& effort) {
    const auto small = newest_of(10'000, effort);
    const auto usual = newest_of(1'000'000, effort);
    const auto large = newest_of(10'000'000, effort);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        report({.work = fmt::format("newest 100 of one {}, out of 1 M records, cold", kinds[i].first),
                .unit = "us",
                .ours = usual[i].microseconds,
                .target = at_most(10),
                .note = fmt::format("{} queries", usual[i].queries)});
        report({.work = fmt::format("the same, by {}, out of 10 M records", kinds[i].first),
                .unit = "us",
                .ours = large[i].microseconds,
                .peer_name = "10 k records",
                .peer = small[i].microseconds,
                .ratio = large[i].microseconds / small[i].microseconds,
                .target = at_most(3),
                .note = fmt::format("{} queries", large[i].queries)});
    }
}

Measured pattern_in(std::size_t records, const Effort& effort) {
    const auto store = store_of_few_wanted(records);
    return time_cold(*store, 3 * effort.rounds, effort.box_seconds / 10,
                     [] { return Query{.pattern = "wanted.*", .limit = wanted_records}; });
}

void pattern(const Effort& effort) {
    const auto small = pattern_in(20'000, effort);
    const auto large = pattern_in(1'000'000, effort);
    report({.work = "pattern of 100 in 10 k names, 1000 of 1 M records",
            .unit = "us",
            .ours = large.microseconds,
            .peer_name = "1000 of 20 k",
            .peer = small.microseconds,
            .ratio = large.microseconds / small.microseconds,
            .target = at_most(3),
            .note = fmt::format("{} queries", large.queries)});
}

}  // namespace

std::vector<Case> query_cases() {
    return {{"query.newest", newest_of_one}, {"query.pattern", pattern}};
}

}  // namespace hindsight_benchmark

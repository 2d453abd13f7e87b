#pragma once

#include <hindsight/detail/time_recorder.hpp>

#include <boost/histogram/accumulators/count.hpp>
#include <boost/histogram/histogram.hpp>
#include <boost/histogram/storage_adaptor.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <vector>

namespace hindsight::detail {

namespace time_recorder {

/// The upper edges of the buckets in nanoseconds: Renard's numbers, 20 for each power of ten, from 100 ns to 1000 s.
inline constexpr auto edges = [] {
    constexpr std::array<std::int64_t, 20> of_a_decade{100, 112, 125, 140, 160, 180, 200, 224, 250, 280,
                                                       315, 355, 400, 450, 500, 560, 630, 710, 800, 900};
    std::array<std::int64_t, 10 * of_a_decade.size() + 1> all{};
    std::int64_t power = 1;
    std::size_t i = 0;
    for (int decade = 0; decade < 10; ++decade, power *= 10) {
        for (const std::int64_t edge : of_a_decade) all[i++] = edge * power;
    }
    all[i] = 100 * power;
    return all;
}();

/// An axis as Boost.Histogram wants it. A bucket includes its upper edge; the last has none.
struct Axis {
    int size() const noexcept { return static_cast<int>(edges.size()) + 1; }
    int index(std::int64_t nanoseconds) const noexcept {
        return static_cast<int>(std::ranges::lower_bound(edges, nanoseconds) - edges.begin());
    }
    bool operator==(const Axis&) const noexcept { return true; }
};

using Cell = boost::histogram::accumulators::count<std::uint64_t, true>;
using Histogram = boost::histogram::histogram<std::tuple<Axis>, boost::histogram::dense_storage<Cell>>;

/// Where that part of all times ends, as if those of a bucket lay evenly in it.
inline Duration percentile(const TimeStatistics& times, double part) noexcept {
    const double rank = std::max(1.0, std::ceil(part * static_cast<double>(times.count)));
    double before = 0;
    for (const TimeStatistics::Bucket& bucket : times.buckets) {
        const auto count = static_cast<double>(bucket.count);
        if (before + count < rank) {
            before += count;
            continue;
        }
        if (bucket.at_most == Duration::max()) break;
        const auto upper = std::ranges::lower_bound(edges, bucket.at_most.count());
        const auto lower = upper == edges.begin() ? 0.0 : static_cast<double>(*std::prev(upper));
        const double at = lower + (static_cast<double>(*upper) - lower) * (rank - before) / count;
        return std::min(Duration(static_cast<std::int64_t>(at)), times.max);
    }
    return times.max;
}

}  // namespace time_recorder

struct TimeRecorder::Cells {
    time_recorder::Histogram histogram{std::tuple(time_recorder::Axis())};
};

HINDSIGHT_INLINE TimeRecorder::TimeRecorder() : cells_(std::make_unique<Cells>()) {}

HINDSIGHT_INLINE TimeRecorder::~TimeRecorder() = default;

HINDSIGHT_INLINE void TimeRecorder::add(Duration time) noexcept {
    const std::int64_t nanoseconds = std::max<std::int64_t>(time.count(), 0);
    cells_->histogram(nanoseconds);
    sum_.fetch_add(nanoseconds, std::memory_order_relaxed);
    std::int64_t max = max_.load(std::memory_order_relaxed);
    while (max < nanoseconds && !max_.compare_exchange_weak(max, nanoseconds, std::memory_order_relaxed)) {}
}

HINDSIGHT_INLINE TimeStatistics TimeRecorder::read() const {
    TimeStatistics times;
    for (std::size_t i = 0; i <= time_recorder::edges.size(); ++i) {
        const std::uint64_t count = cells_->histogram.at(static_cast<int>(i)).value();
        if (count == 0) continue;
        times.count += count;
        const bool last = i == time_recorder::edges.size();
        times.buckets.push_back({last ? Duration::max() : Duration(time_recorder::edges[i]), count});
    }
    if (times.count == 0) return times;
    times.sum = Duration(sum_.load(std::memory_order_relaxed));
    times.max = Duration(max_.load(std::memory_order_relaxed));
    times.p50 = time_recorder::percentile(times, 0.5);
    times.p90 = time_recorder::percentile(times, 0.9);
    times.p99 = time_recorder::percentile(times, 0.99);
    return times;
}

HINDSIGHT_INLINE void TimeRecorder::reset() noexcept {
    for (auto&& cell : cells_->histogram) cell = time_recorder::Cell();
    sum_.store(0, std::memory_order_relaxed);
    max_.store(0, std::memory_order_relaxed);
}

}  // namespace hindsight::detail

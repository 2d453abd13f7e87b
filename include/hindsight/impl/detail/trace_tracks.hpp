// What lies where in a trace, and how long: events on the tracks of their sources, runs on those of their threads.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/impl/detail/exported_records.hpp>
#include <hindsight/types.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <tuple>
#include <vector>

namespace hindsight::detail {

/// In nanoseconds from the beginning of the trace, however far that is away.
using TraceTime = std::uint64_t;

struct TraceSlice {
    std::size_t index = 0;    // of the record or run
    std::uint64_t track = 0;  // the only one of its number in the trace
    TraceTime begin = 0;
    TraceTime duration = 0;
};

class TraceClock {
public:
    /// Begins with the earliest of all.
    TraceClock(const ExportedRecords& exported, std::span<const HandlerRun> runs) noexcept {
        TimePoint earliest = TimePoint::max();
        for (const Record* record : exported.records()) earliest = std::min(earliest, record->time());
        for (const HandlerRun& run : runs) earliest = std::min(earliest, run.start);
        if (earliest != TimePoint::max()) begin_ = earliest;
    }

    TimePoint begin() const noexcept { return begin_; }
    TraceTime operator()(TimePoint time) const noexcept { return ticks(time) - ticks(begin_); }

private:
    static TraceTime ticks(TimePoint time) noexcept { return static_cast<TraceTime>(time.time_since_epoch().count()); }

    TimePoint begin_;
};

/// One for each record, in their order. The sources' tracks are 1, 2, 3 ...
inline std::vector<TraceSlice> slices_of_events(const ExportedRecords& exported, const TraceClock& clock) {
    constexpr TraceTime longest = 1000;
    std::vector<TraceSlice> slices;
    slices.reserve(exported.records().size());
    for (const Record* record : exported.records()) {
        const std::size_t index = slices.size();
        slices.push_back({index, exported.source_of(index) + 1, clock(record->time()), longest});
    }
    // Slices of one track may not overlap: each ends where the next one begins.
    std::vector<std::size_t> order(slices.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto place = [&](std::size_t i) { return std::tuple(slices[i].track, slices[i].begin, i); };
    std::ranges::sort(order, {}, place);
    for (std::size_t i = 1; i < order.size(); ++i) {
        TraceSlice& slice = slices[order[i - 1]];
        const TraceSlice& next = slices[order[i]];
        if (next.track == slice.track) slice.duration = std::min(longest, next.begin - slice.begin);
    }
    return slices;
}

/// One for each run, thread by thread, each after those that it lies in and before those in it. The threads' tracks
/// begin at `first_track`, in the order of their numbers.
inline std::vector<TraceSlice> slices_of_runs(std::span<const HandlerRun> runs, const TraceClock& clock,
                                              std::uint64_t first_track) {
    std::vector<TraceSlice> slices;
    slices.reserve(runs.size());
    for (const HandlerRun& run : runs) {
        const auto duration = static_cast<TraceTime>(std::max(run.duration, Duration::zero()).count());
        slices.push_back({slices.size(), run.thread, clock(run.start), duration});
    }
    // A run ends after those inside it, so of several that began at once the one that came last into the log is around
    // the others.
    std::ranges::sort(slices, [](const TraceSlice& a, const TraceSlice& b) {
        return std::tuple(a.track, a.begin, b.duration, b.index) < std::tuple(b.track, b.begin, a.duration, a.index);
    });
    std::vector<TraceTime> ends;  // of those that the current one lies in
    std::uint64_t thread = 0;
    std::uint64_t track = first_track - 1;
    for (TraceSlice& slice : slices) {
        if (track < first_track || slice.track != thread) {
            thread = slice.track;
            ++track;
            ends.clear();
        }
        slice.track = track;
        while (!ends.empty() && ends.back() <= slice.begin) ends.pop_back();
        if (!ends.empty()) slice.duration = std::min(slice.duration, ends.back() - slice.begin);
        ends.push_back(slice.begin + slice.duration);
    }
    return slices;
}

}  // namespace hindsight::detail

// TimeRecorder: a histogram of durations that many threads record into without a lock, while others read it.
//
// The cells are Boost.Histogram's, with a storage of atomic counters, out of sight in impl/. A reader adds up what it
// finds: exact once those who record are quiet, else a recent value; so are sum and maximum, which are atomics beside
// the cells and may lag behind them, or be ahead.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace hindsight::detail {

class HINDSIGHT_API TimeRecorder {
public:
    /// Throws std::bad_alloc.
    TimeRecorder();
    ~TimeRecorder();
    TimeRecorder(const TimeRecorder&) = delete;
    TimeRecorder& operator=(const TimeRecorder&) = delete;

    /// A negative one counts as 0.
    void add(Duration time) noexcept;
    /// Throws std::bad_alloc.
    TimeStatistics read() const;
    /// What is recorded meanwhile may be lost, or stay.
    void reset() noexcept;

private:
    struct Cells;

    const std::unique_ptr<Cells> cells_;
    std::atomic<std::int64_t> sum_{0};  // in nanoseconds, as is the next
    std::atomic<std::int64_t> max_{0};
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/time_recorder.ipp>
#endif

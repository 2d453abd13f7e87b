// A reporter for Google Benchmark that compares pairs of benchmarks by their medians and prints one table.
#pragma once

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hindsight_benchmark {

/// One row: what is done, by us and by the peer, and the ratio (ours to the peer's CPU time) to reach.
struct Row {
    std::string work;
    std::string ours;
    std::string peer;
    double target;
};

class Comparison final : public benchmark::BenchmarkReporter {
public:
    explicit Comparison(std::vector<Row> rows) : rows_(std::move(rows)) {}

    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration) times_[run.run_name.str()].push_back(run.GetAdjustedCPUTime());
        }
    }

    void print() {
        fmt::print("{:<40} {:>10} {:>10} {:>7} {:>7}  {}\n", "work", "ours, ns", "peer, ns", "ratio", "target", "met");
        for (const Row& row : rows_) {
            const double ours = median(row.ours);
            const double peer = median(row.peer);
            const double ratio = ours / peer;
            fmt::print("{:<40} {:>10.1f} {:>10.1f} {:>7.2f} {:>7.2f}  {}\n", row.work, ours, peer, ratio, row.target,
                       ratio <= row.target ? "yes" : "no");
        }
    }

private:
    double median(const std::string& name) {
        std::vector<double>& times = times_[name];
        if (times.empty()) return 0;
        std::ranges::sort(times);
        return times[times.size() / 2];
    }

    std::vector<Row> rows_;
    std::map<std::string, std::vector<double>> times_;
};

}  // namespace hindsight_benchmark

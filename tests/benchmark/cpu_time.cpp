#include "cpu_time.hpp"

#include "rounds.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace hindsight_benchmark {

namespace {

class Times final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration) of_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
        }
    }

    double median_of(const std::string& name) const { return median(of_.at(name)); }

private:
    std::map<std::string, std::vector<double>> of_;
};

}  // namespace

std::vector<double> cpu_times(const std::vector<Candidate>& candidates, const Effort& effort) {
    benchmark::ClearRegisteredBenchmarks();
    for (const Candidate& candidate : candidates) {
        benchmark::RegisterBenchmark(candidate.name.c_str(),
                                     [&candidate](benchmark::State& state) { candidate.run(state); })
            ->Repetitions(effort.rounds)
            ->MinTime(effort.seconds)
            ->ReportAggregatesOnly(false);
    }
    Times times;
    benchmark::RunSpecifiedBenchmarks(&times, ".");
    std::vector<double> medians;
    for (const Candidate& candidate : candidates) medians.push_back(times.median_of(candidate.name));
    return medians;
}

}  // namespace hindsight_benchmark

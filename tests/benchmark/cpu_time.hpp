// CPU time of single-threaded work, by Google Benchmark: the repetitions of all candidates in random order, medians.
#pragma once

#include "cases.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

namespace hindsight_benchmark {

struct Candidate {
    std::string name;
    std::function<void(benchmark::State&)> run;
};

/// Nanoseconds an iteration, in the order of the candidates.
std::vector<double> cpu_times(const std::vector<Candidate>& candidates, const Effort& effort);

}  // namespace hindsight_benchmark

// Case: a part of the benchmark that can be chosen by its name, and how thorough to be.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hindsight_benchmark {

struct Effort {
    /// In how many rounds the candidates take their turns.
    int rounds;
    /// How long a candidate runs in a round where that can be chosen.
    double seconds;
    /// How long a candidate may take for all of its rounds where it takes what it takes.
    double box_seconds;
};

struct Case {
    std::string name;
    std::function<void(const Effort&)> run;
};

std::vector<Case> direct_cases();
std::vector<Case> history_cases();
std::vector<Case> thread_cases();
std::vector<Case> queued_cases();
std::vector<Case> latency_cases();
std::vector<Case> query_cases();
std::vector<Case> subscription_cases();

}  // namespace hindsight_benchmark

// Runs the cases whose names match, one after the other, and prints their rows. tests/benchmark/run lays them out.
#include "cases.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <regex>
#include <string_view>
#include <thread>

using namespace hindsight_benchmark;

namespace {

constexpr Effort whole{.rounds = 9, .seconds = 0.1, .box_seconds = 20};
constexpr Effort quick{.rounds = 3, .seconds = 0.03, .box_seconds = 3};

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const auto& group : {direct_cases(), history_cases(), thread_cases(), queued_cases(), latency_cases(),
                              query_cases(), subscription_cases()}) {
        cases.insert(cases.end(), group.begin(), group.end());
    }
    return cases;
}

void initialize_google_benchmark() {
    std::array<char, 16> program{"benchmark"};
    std::array<char, 64> interleaving{"--benchmark_enable_random_interleaving=true"};
    std::array<char*, 3> arguments{program.data(), interleaving.data(), nullptr};
    int count = 2;
    benchmark::Initialize(&count, arguments.data());
}

}  // namespace

int main(int argc, char** argv) {
    Effort effort = whole;
    std::regex filter("");
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument(argv[i]);
        if (argument == "--quick") {
            effort = quick;
        } else if (argument == "--filter" && i + 1 < argc) {
            filter = std::regex(argv[++i]);
        } else {
            fmt::print(stderr, "usage: {} [--quick] [--filter REGEX]\n", argv[0]);
            return 2;
        }
    }
    // libstdc++ leaves out atomics in a process that has never had a second thread, which flatters everyone.
    std::thread([] {}).join();
    initialize_google_benchmark();
    for (const Case& chosen : all_cases()) {
        if (!std::regex_search(chosen.name, filter)) continue;
        fmt::print(stderr, "{}\n", chosen.name);
        chosen.run(effort);
    }
    return 0;
}

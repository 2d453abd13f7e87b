// A model and a storm: threads use a bus at random, in every way that it has, and all that they see has to agree with a
// simple model. What each thread does follows from the seed, which a failure prints.
//
// HINDSIGHT_STORM_SECONDS: how long, instead of two seconds. HINDSIGHT_STORM_SEED: the seed of the first round.
#include "support/catch.hpp"
#include "support/storm_round.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

using namespace hindsight::test;

namespace {

double number_of(const char* variable, double otherwise) {
    // Nobody sets it meanwhile. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stod(text);
}

TEST_CASE("all that the threads of a storm see agrees with the model",
          "[storm][stress][promise-2][promise-5][promise-8][promise-10]") {
    const auto first = static_cast<std::uint64_t>(number_of("HINDSIGHT_STORM_SEED", random_seed()));
    const double seconds = number_of("HINDSIGHT_STORM_SECONDS", 2);
    const auto begin = std::chrono::steady_clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    std::uint64_t operations = 0, rounds = 0;
    do {
        const std::uint64_t seed = first + 100 * rounds;  // each round has several streams of numbers
        StormRound round(seed);
        operations += round.run();
        ++rounds;
        for (const std::string& fault : round.faults()) {
            UNSCOPED_INFO(fault << " (HINDSIGHT_STORM_SEED=" << seed << ")");
        }
        REQUIRE(round.faults().empty());
    } while (passed() < seconds);
    std::cout << "storm: " << operations << " operations in " << rounds << " rounds, " << passed() << " s, seed "
              << first << std::endl;
}

}  // namespace

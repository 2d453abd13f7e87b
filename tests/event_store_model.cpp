#include "support/catch.hpp"
#include "support/store_twins.hpp"

#include <cstdint>

using namespace hindsight;
using namespace hindsight::test;

namespace {

TEST_CASE("random appends and queries give what the rules say, word for word", "[event_store][promise-11][promise-8]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    RandomChoices choices(seed);
    for (int round = 0; round < 30; ++round) {
        Twins twins(choices, options_from(choices));
        for (int step = 0; step < 80; ++step) {
            twins.append();
            if (choices.once_in(60)) twins.clear();
            twins.compare_contents();
            twins.compare_query();
            if (choices.once_in(4)) twins.compare_pages();
            twins.compare_counters();
        }
    }
}

TEST_CASE("random changes of policies give what the rules say, word for word", "[event_store][promise-11]") {
    const std::uint32_t seed = random_seed();
    INFO("seed " << seed);
    RandomChoices choices(seed);
    for (int round = 0; round < 30; ++round) {
        Twins twins(choices, options_from(choices));
        for (int step = 0; step < 80; ++step) {
            twins.append();
            if (choices.once_in(12)) twins.set_policies();
            twins.compare_contents();
            twins.compare_query();
        }
    }
}

}  // namespace

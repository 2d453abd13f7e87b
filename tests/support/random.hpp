// Random numbers of which each thread has its own, repeatable stream.
#pragma once

#include "catch.hpp"

#include <cstdint>
#include <random>

namespace hindsight::test {

class Random {
public:
    explicit Random(unsigned stream) : Random(random_seed(), stream) {}
    Random(std::uint64_t seed, unsigned stream) : engine_(static_cast<std::uint32_t>(seed + stream)) {}
    int below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned>(limit)); }
    bool one_in(int count) { return below(count) == 0; }

private:
    std::mt19937 engine_;
};

}  // namespace hindsight::test

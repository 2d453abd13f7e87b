// Random numbers of which each thread has its own, repeatable stream.
#pragma once

#include "catch.hpp"

#include <random>

namespace hindsight::test {

class Random {
public:
    explicit Random(unsigned stream) : engine_(random_seed() + stream) {}
    int below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned>(limit)); }
    bool one_in(int count) { return below(count) == 0; }

private:
    std::mt19937 engine_;
};

}  // namespace hindsight::test

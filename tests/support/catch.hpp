// Catch2 under either of its major versions, and the seed for tests that use random numbers.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#    include <catch2/catch_all.hpp>
#else
#    include <catch2/catch.hpp>
#endif

#include <cstdint>
#include <string>

namespace hindsight::test {

/// For texts that contain this one: Catch2 renamed it.
inline auto Contains(const std::string& text) {
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::Matchers::ContainsSubstring(text);
#else
    return Catch::Matchers::Contains(text);
#endif
}

/// The seed of this run: random, printed when the program starts, set again with `--rng-seed`.
inline std::uint32_t random_seed() {
#if __has_include(<catch2/catch_all.hpp>)
    return Catch::getSeed();
#else
    return Catch::rngSeed();
#endif
}

}  // namespace hindsight::test

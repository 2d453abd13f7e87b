#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/fence.hpp>

#include <stdlib.h>

#include <atomic>
#include <utility>

using namespace hindsight::detail;
using namespace hindsight::test;

namespace {

/// Two threads, each of which stores its own cell and then looks at the other's, again and again. Returns how often
/// both missed each other, which the fences must prevent.
int missed_each_other(int rounds) {
    std::atomic<int> cell{0}, flag{0};
    std::atomic<int> publisher_round{0}, remover_round{0};
    int flag_seen = 0;
    // The other thread's result is read after it has come to the same round.
    auto publisher = start([&] {
        for (int round = 1; round <= rounds; ++round) {
            spin_until([&] { return remover_round.load() >= 2 * round - 1; });
            publish(cell, round);
            flag_seen = fenced_load(flag);
            publisher_round = round;
        }
    });
    int missed = 0;
    for (int round = 1; round <= rounds; ++round) {
        remover_round = 2 * round - 1;
        flag.store(round, std::memory_order_seq_cst);
        heavy_fence();
        const int cell_seen = fenced_load(cell);
        spin_until([&] { return publisher_round.load() >= round; });
        missed += cell_seen != round && flag_seen != round ? 1 : 0;
    }
    get_soon(std::move(publisher));
    return missed;
}

TEST_CASE("of a publisher and a remover at least one sees the other", "[fence]") {
    CHECK(missed_each_other(5'000) == 0);
}

#if !defined(HINDSIGHT_PORTABLE_FENCE)

TEST_CASE("the portable fence can be chosen from outside, and works as well", "[fence]") {
    ::setenv("HINDSIGHT_PORTABLE_FENCE", "1", 1);
    choose_fence();
    CHECK_FALSE(asymmetric_fence);
    CHECK(missed_each_other(5'000) == 0);
    ::unsetenv("HINDSIGHT_PORTABLE_FENCE");
    choose_fence();
    CHECK(missed_each_other(100) == 0);
}

#endif

TEST_CASE("what is published is what is loaded", "[fence]") {
    std::atomic<int*> cell{nullptr};
    int target = 0;
    publish(cell, &target);
    CHECK(fenced_load(cell) == &target);
    publish<int*>(cell, nullptr);
    CHECK(fenced_load(cell) == nullptr);
}

}  // namespace

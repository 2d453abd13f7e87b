#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/parking.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Deadline;

namespace {

TEST_CASE("an address always has the same lot", "[parking]") {
    std::array<int, 1000> places{};
    for (const int& place : places) CHECK(&detail::ParkingLot::of(&place) == &detail::ParkingLot::of(&place));
}

TEST_CASE("whoever waits for what is true already does not wait", "[parking]") {
    int place = 0;
    CHECK(detail::park_until(&place, Deadline::max(), [] { return true; }));
    CHECK(detail::park_until(&place, Deadline::min(), [] { return true; }));
}

TEST_CASE("a wait ends at its deadline with the condition's last value", "[parking]") {
    int place = 0;
    CHECK_FALSE(detail::park_until(&place, Deadline::min(), [] { return false; }));
    CHECK_FALSE(detail::park_until(&place, detail::deadline_after(Duration::zero()), [] { return false; }));
    int asked = 0;
    CHECK(detail::park_until(&place, Deadline::min(), [&] { return ++asked == 2; }));
}

TEST_CASE("deadlines beyond the clock's range are none", "[parking]") {
    CHECK(detail::deadline_after(Duration::max()) == Deadline::max());
    const auto before = std::chrono::steady_clock::now();
    const Deadline hour = detail::deadline_after(std::chrono::hours(1));
    CHECK(hour >= before + std::chrono::hours(1));
    CHECK(hour <= std::chrono::steady_clock::now() + std::chrono::hours(1));
    const Deadline past = detail::deadline_after(Duration(-1));
    CHECK(past < std::chrono::steady_clock::now());
}

TEST_CASE("all who wait at an address are woken", "[parking]") {
    std::atomic<int> place{0};
    std::atomic<int> waiting{0}, woken{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            ++waiting;
            if (detail::park_until(&place, Deadline::max(), [&] { return place.load() != 0; })) ++woken;
        });
    }
    spin_until([&] { return waiting == 4; });
    place = 1;
    detail::unpark_all(&place);
    threads.clear();
    CHECK(woken == 4);
}

TEST_CASE("no wake-up is lost between two threads that take turns", "[parking]") {
    constexpr int turns = 5000;
    std::atomic<int> turn{0};
    const auto play = [&](int mine) {
        for (int i = mine; i < turns; i += 2) {
            detail::park_until(&turn, Deadline::max(), [&] { return turn.load(std::memory_order_acquire) == i; });
            turn.store(i + 1, std::memory_order_release);
            detail::unpark_all(&turn);
        }
    };
    auto other = start([&] { play(1); });
    play(0);
    get_soon(std::move(other));
    CHECK(turn == turns);
}

TEST_CASE("the address is only a number", "[parking]") {
    // An address that nothing lies at.
    const void* const address = reinterpret_cast<const void*>(std::uintptr_t{0x1234567890});
    detail::unpark_all(address);
    CHECK_FALSE(detail::park_until(address, Deadline::min(), [] { return false; }));
}

}  // namespace

#include "rounds.hpp"

#include <fmt/format.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>

namespace hindsight_benchmark {

namespace {

using Clock = std::chrono::steady_clock;

// Read before anything is pinned.
const cpu_set_t usable = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
}();

struct alignas(64) Ball {
    std::atomic<std::uint32_t> side{0};
};

}  // namespace

void pin_to(int processor) {
    int found = -1;
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
        if (!CPU_ISSET(i, &usable) || ++found < processor) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        return;
    }
}

void unpin() {
    pthread_setaffinity_np(pthread_self(), sizeof usable, &usable);
}

bool has_two_processors() {
    return CPU_COUNT(&usable) >= 2;
}

double cpu_round_trip() {
    constexpr int batches = 15;
    constexpr int trips = 2000;
    Ball ball;
    std::thread other([&ball] {
        pin_to(1);
        for (int i = 0; i < batches * trips; ++i) {
            while (ball.side.load(std::memory_order_acquire) != 1) {}
            ball.side.store(0, std::memory_order_release);
        }
    });
    pin_to(0);
    std::vector<double> times;
    for (int batch = 0; batch < batches; ++batch) {
        const auto start = Clock::now();
        for (int i = 0; i < trips; ++i) {
            ball.side.store(1, std::memory_order_release);
            while (ball.side.load(std::memory_order_acquire) != 0) {}
        }
        times.push_back(std::chrono::duration<double, std::nano>(Clock::now() - start).count() / trips);
    }
    other.join();
    unpin();
    return median(times);
}

double median(std::vector<double> values) {
    return quantile(std::move(values), 0.5);
}

double quantile(std::vector<double> values, double fraction) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::ranges::sort(values);
    const auto index = static_cast<std::size_t>(fraction * static_cast<double>(values.size()));
    return values[std::min(index, values.size() - 1)];
}

double Rounds::ratio(std::size_t of, std::size_t to) const {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < values[of].size(); ++round) {
        ratios.push_back(values[of][round] / values[to][round]);
    }
    return median(ratios);
}

std::string Rounds::round_trip_note() const {
    const auto [shortest, longest] = std::ranges::minmax(round_trips);
    return fmt::format("round trip {:.0f}-{:.0f} ns", shortest, longest);
}

Rounds Rounds::with_round_trip(double from, double to) const {
    Rounds chosen{std::vector<std::vector<double>>(values.size()), {}};
    for (std::size_t round = 0; round < round_trips.size(); ++round) {
        if (round_trips[round] < from || round_trips[round] >= to) continue;
        chosen.round_trips.push_back(round_trips[round]);
        for (std::size_t i = 0; i < values.size(); ++i) chosen.values[i].push_back(values[i][round]);
    }
    return chosen;
}

Rounds in_rounds(int rounds, double box_seconds, const std::vector<std::function<double()>>& candidates) {
    const auto start = Clock::now();
    Rounds result{std::vector<std::vector<double>>(candidates.size()), {}};
    for (int round = 0; round < rounds; ++round) {
        if (round >= 3 && std::chrono::duration<double>(Clock::now() - start).count() > box_seconds) break;
        const double before = has_two_processors() ? cpu_round_trip() : 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const std::size_t turn = (i + static_cast<std::size_t>(round)) % candidates.size();
            result.values[turn].push_back(candidates[turn]());
        }
        result.round_trips.push_back(std::max(before, has_two_processors() ? cpu_round_trip() : 0));
    }
    return result;
}

}  // namespace hindsight_benchmark

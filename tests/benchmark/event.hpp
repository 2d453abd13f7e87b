// What the benchmarks emit, and where their handlers leave what they read: places that the compiler cannot prove
// unread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hindsight_benchmark {

struct Event {
    static constexpr std::string_view event_name = "benchmark.event";
    std::uint64_t a, b, c, d;
};
static_assert(sizeof(Event) == 32);

/// Defined elsewhere, so that no compiler computes with its value.
extern const Event event;
inline constexpr std::size_t usual_history = 1000;

inline std::uint64_t sum = 0;

inline void add(const Event& given) {
    sum += given.a;
}

/// For handlers that run on several threads at once.
inline constinit thread_local std::uint64_t thread_sum = 0;

inline void add_in_thread(const Event& given) {
    thread_sum += given.a;
}

}  // namespace hindsight_benchmark

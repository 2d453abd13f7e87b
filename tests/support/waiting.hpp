// Waiting for what must happen: tests never wait for a time, but a deadlock must not go unnoticed either.
#pragma once

#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>
#include <utility>

namespace hindsight::test {

/// Far longer than anything here takes; reached only by a thread that hangs.
inline constexpr std::chrono::seconds patience{30};

/// The result of the future. Ends the program if it does not come: whoever hangs uses the test's variables.
template <class T>
T get_soon(std::future<T> future) {
    if (future.wait_for(patience) != std::future_status::ready) {
        std::cerr << "a thread hangs" << std::endl;
        std::abort();
    }
    return future.get();
}

/// Starts the action on a thread of its own.
template <class F>
auto start(F action) {
    return std::async(std::launch::async, std::move(action));
}

/// Runs the action on another thread while this one waits for it.
template <class F>
auto run_elsewhere(F action) {
    return get_soon(start(std::move(action)));
}

/// Waits, without sleeping, for something that another thread is about to do.
template <class Condition>
void spin_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            std::cerr << "what the test waits for does not happen" << std::endl;
            std::abort();
        }
        std::this_thread::yield();
    }
}

/// Gives other threads many chances to do what they must not do.
inline void let_others_run() {
    for (int i = 0; i < 200; ++i) std::this_thread::yield();
}

}  // namespace hindsight::test

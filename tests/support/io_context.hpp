// Running coroutines on the test's own thread.
#pragma once

#include "waiting.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <future>
#include <utility>

namespace hindsight::test {

/// What a coroutine returns, run on this thread alone. Others may still wait when it is over.
template <class T>
T run(boost::asio::io_context& context, std::future<T> future) {
    const auto end = std::chrono::steady_clock::now() + patience;
    context.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready && context.run_one_until(end) != 0) {}
    return get_soon(std::move(future));
}

/// Runs what is ready, so that a coroutine comes to waiting.
inline void run_ready(boost::asio::io_context& context) {
    context.restart();
    context.poll();
}

}  // namespace hindsight::test

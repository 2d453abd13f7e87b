#pragma once

#include <hindsight/detail/native_thread.hpp>

#include <functional>
#include <thread>

#ifdef __linux__
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

namespace hindsight::detail {

HINDSIGHT_INLINE std::uint64_t native_thread_id() noexcept {
#ifdef __linux__
    // Asking the system costs more than short handlers do. After a fork the child keeps its parent's number.
    thread_local const auto id = static_cast<std::uint64_t>(::syscall(SYS_gettid));
    return id;
#else
    return std::hash<std::thread::id>{}(std::this_thread::get_id());
#endif
}

}  // namespace hindsight::detail

#include "console.hpp"

#include <fmt/core.h>

#include <cstdio>

#ifdef _WIN32
#    include <io.h>
#else
#    include <unistd.h>
#endif

namespace agent_monitor {

namespace {

bool stderr_is_terminal() {
#ifdef _WIN32
    return _isatty(_fileno(stderr)) != 0;
#else
    return isatty(STDERR_FILENO) != 0;
#endif
}

constexpr std::string_view erase_line = "\r\x1b[K";

}  // namespace

Console::Console() : is_terminal_(stderr_is_terminal()) {}

void Console::print(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (is_terminal_) {
        fmt::print(stderr, "{}{}\n{}", erase_line, line, status_);
    } else {
        fmt::print(stderr, "{}\n", line);
    }
}

void Console::show_status(std::string_view status) {
    if (!is_terminal_) return;
    const std::lock_guard lock(mutex_);
    if (status == status_) return;
    status_ = status;
    fmt::print(stderr, "{}{}", erase_line, status_);
}

}  // namespace agent_monitor

// Console: the standard error, with lines that stay and, while it is a terminal, one status line below them.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace agent_monitor {

/// Thread-safe.
class Console {
public:
    Console();
    ~Console() { show_status({}); }
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    void print(std::string_view line);

    /// Replaces the last status. Does nothing where there is no terminal.
    void show_status(std::string_view status);

private:
    const bool is_terminal_;
    std::mutex mutex_;
    std::string status_;
};

}  // namespace agent_monitor
